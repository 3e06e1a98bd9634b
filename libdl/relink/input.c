/* Inputs: whatever a caller has, as the engine's files. */
#include <errno.h>
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/elf/archive.h"
#include "engine.h"

enum { PATH = 0, DESCRIPTOR = 1, BYTES = 2, CALLBACK = 3 };

static int bytes_read(const struct rl_source *source, void *buffer, size_t size, uint64_t offset)
{
	const relink_input *input = ((const struct rl_input_source *)source)->input;
	if (size != 0)
		memcpy(buffer, (const char *)input->bytes + offset, size);
	return 0;
}

static int callback_read(const struct rl_source *source, void *buffer, size_t size, uint64_t offset)
{
	const relink_input *input = ((const struct rl_input_source *)source)->input;
	return input->read(input->user, buffer, size, offset);
}

/* The first bytes of the file; errno, or 0. */
static int head_read(struct rl_file *file)
{
	struct rl_file_head *head = &file->head;
	head->size = 0;
	if (file->source != NULL) {
		size_t size = file->source->size < sizeof head->bytes ? file->source->size : sizeof head->bytes;
		int error = size == 0 ? 0 : file->source->read(file->source, head->bytes, size, 0);
		head->size = error == 0 ? size : 0;
		return error;
	}
	while (head->size < sizeof head->bytes) {
		long size = rl_sys_read_at(file->fd, head->bytes + head->size, sizeof head->bytes - head->size,
					   head->size);
		if (rl_sys_is_error(size))
			return (int)-size;
		if (size == 0)
			break;
		head->size += (size_t)size;
	}
	return 0;
}

static enum rl_status source_open(const relink_input *input, struct rl_input_source *source, struct rl_file *file,
				  int *out_error)
{
	file->fd = -1;
	file->source = NULL;
	switch (input->kind) {
	case PATH:
		file->fd = (int)rl_sys_open(input->name);
		*out_error = file->fd < 0 ? -file->fd : 0;
		return file->fd < 0 ? RL_FILE_NOT_FOUND : RL_OK;
	case DESCRIPTOR:
		file->fd = (int)rl_syscall3(SYS_fcntl, input->descriptor, 1030 /* F_DUPFD_CLOEXEC */, 0);
		*out_error = file->fd < 0 ? -file->fd : 0;
		return file->fd < 0 ? RL_FILE_UNREADABLE : RL_OK;
	case BYTES:
	case CALLBACK:
		source->source = (struct rl_source){
			.size = input->size, .read = input->kind == BYTES ? bytes_read : callback_read};
		source->input = input;
		file->source = &source->source;
		return (input->kind == BYTES ? input->bytes == NULL : input->read == NULL) ? RL_FILE_UNREADABLE : RL_OK;
	default:
		*out_error = EINVAL;
		return RL_FILE_UNREADABLE;
	}
}

enum rl_status rl_input_open(const relink_input *input, struct rl_input_source *source, struct rl_file *out_file,
			     struct rl_diag *diag)
{
	const char *name = input->name != NULL ? input->name : "<memory>";
	int error = 0;
	out_file->path = NULL;
	enum rl_status status = source_open(input, source, out_file, &error);
	if (status == RL_OK) {
		error = head_read(out_file);
		status = error != 0 ? RL_FILE_UNREADABLE : RL_OK;
	}
	if (status == RL_OK) {
		status = rl_header_check(&out_file->head);
		unsigned type = ((const Elf64_Ehdr *)out_file->head.bytes)->e_type;
		if (status == RL_ELF_TYPE && type == ET_REL)
			status = RL_OK;
		if (status == RL_ELF_TYPE)
			(void)rl_fail(diag, status, .subject = name, .value = type);
	}
	if (status == RL_OK && (out_file->path = rl_heap_string(name)) == NULL)
		status = RL_NO_MEMORY;
	if (status == RL_OK)
		return RL_OK;
	rl_input_close(out_file);
	return rl_fail(diag, status, .subject = name, .error_number = error);
}

enum rl_status rl_input_read(const relink_input *input, char **out_bytes, size_t *out_size, struct rl_diag *diag)
{
	enum { LIMIT = 1 << 30 };
	const char *name = input->name != NULL ? input->name : "<memory>";
	struct rl_input_source source;
	struct rl_file file;
	uint64_t size = 0;
	int error = 0;
	enum rl_status status = source_open(input, &source, &file, &error);
	if (status != RL_OK)
		return rl_fail(diag, status, .subject = name, .error_number = error);
	error = rl_file_size(&file, &size);
	char *bytes = NULL;
	if (error != 0)
		status = RL_FILE_STAT;
	else if (size > LIMIT || (bytes = rl_heap_take(size + 1)) == NULL)
		status = RL_NO_MEMORY;
	else if ((error = rl_file_read(&file, bytes, size, 0)) != 0)
		status = RL_FILE_UNREADABLE;
	rl_input_close(&file);
	if (status != RL_OK) {
		rl_heap_give(bytes);
		return rl_fail(diag, status, .subject = name, .error_number = error);
	}
	*out_bytes = bytes;
	*out_size = size;
	return RL_OK;
}

bool rl_input_is_archive(const relink_input *input)
{
	struct rl_input_source source;
	struct rl_file file;
	int error = 0;
	if (source_open(input, &source, &file, &error) != RL_OK)
		return false;
	bool is_archive = head_read(&file) == 0 && rl_archive_is((const char *)file.head.bytes, file.head.size);
	rl_input_close(&file);
	return is_archive;
}

void rl_input_close(struct rl_file *file)
{
	if (file->source == NULL && file->fd >= 0)
		rl_sys_close(file->fd);
	file->fd = -1;
}
