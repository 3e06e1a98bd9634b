/* Searching by musl's rules.  Called by the engine under the load lock whenever a name is new. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "../base/text.h"
#include "../link/object.h"
#include "musl.h"

enum { BUFFER_SIZE = 512, NAME_LIMIT = 255, LINK_SIZE = 4096 };

/* Outcomes of looking through a list, beside a descriptor. */
enum { GO_ON = -1, GIVE_UP = -2 };

static const char default_path[] = "/lib:/usr/local/lib:/usr/lib";

/* One search for one name. */
struct attempt {
	const char *name;
	char path[BUFFER_SIZE];
	int error; /* of the last thing tried */
};

/* What only says that the file is not here. */
static bool is_absence(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ENAMETOOLONG;
}

static bool ends_item(char c)
{
	return c == ':' || c == '\n' || c == '\0';
}

/* Try the directories of LIST: a descriptor, GO_ON or GIVE_UP. */
static int directories_try(struct attempt *attempt, const char *list)
{
	size_t name_size = strlen(attempt->name) + 1;
	for (;;) {
		while (*list == ':' || *list == '\n')
			list++;
		size_t length = 0;
		while (!ends_item(list[length]))
			length++;
		if (length == 0)
			return GO_ON;
		if (length + 1 + name_size <= sizeof attempt->path) {
			memcpy(attempt->path, list, length);
			attempt->path[length] = '/';
			memcpy(attempt->path + length + 1, attempt->name, name_size);
			long fd = rl_sys_open(attempt->path);
			if (!rl_sys_is_error(fd))
				return (int)fd;
			attempt->error = (int)-fd;
			if (!is_absence(attempt->error))
				return GIVE_UP;
		}
		list += length;
	}
}

/* How many times $ORIGIN is in PATH; -1 if there is any other '$'. */
static int origins_count(const char *path)
{
	int count = 0;
	while ((path = strchr(path, '$')) != NULL) {
		if (strncmp(path, "$ORIGIN", 7) != 0 && strncmp(path, "${ORIGIN}", 9) != 0)
			return -1;
		path++;
		count++;
	}
	return count;
}

/* What $ORIGIN is in OBJECT, in BUFFER if need be: its length, 0 if the path must not be used, GIVE_UP for an error
 * that ends the search. */
static long origin_find(struct rl_musl_search *search, const struct rl_object *object, char *buffer,
			const char **out_origin)
{
	const char *origin = object->path;
	if (object == search->program && search->program_is_kernels) {
		if (search->options->is_secure)
			return 0;
		long size = rl_sys_read_link("/proc/self/exe", buffer, LINK_SIZE);
		if (rl_sys_is_error(size))
			return size == -ENOENT || size == -ENOTDIR || size == -EACCES ? 0 : GIVE_UP;
		if (size >= LINK_SIZE)
			return 0;
		buffer[size] = '\0';
		origin = buffer;
	}
	size_t length = strlen(origin);
	while (length > 0 && origin[length - 1] != '/')
		length--;
	if (length == 0) {
		origin = ".";
		length = 2;
	}
	if (search->options->is_secure && *origin != '/')
		return 0;
	*out_origin = origin;
	return (long)length - 1;
}

/* PATH with ORIGIN put in; heap memory. */
static char *path_expand(const char *path, int count, const char *origin, size_t length)
{
	char *expanded = rl_heap_take(strlen(path) + (size_t)count * length + 1);
	char *out = expanded;
	while (out != NULL && *path != '\0') {
		if (*path != '$') {
			*out++ = *path++;
			continue;
		}
		memcpy(out, origin, length);
		out += length;
		path += path[1] == '{' ? 9 : 7;
	}
	return expanded;
}

/* The run path of OBJECT with $ORIGIN, COUNT times.  Not inlined: a page of stack that most starts do not touch. */
static __attribute__((noinline)) bool run_path_expand(struct rl_musl_search *search, struct rl_object *object,
						      const char *path, int count, const char **out_path)
{
	char buffer[LINK_SIZE];
	const char *origin = "";
	long length = origin_find(search, object, buffer, &origin);
	if (length == 0 && *origin != '/')
		return true;
	if (length < 0)
		return false;
	*out_path = object->policy = path_expand(path, count, origin, (size_t)length);
	return *out_path != NULL;
}

/* The run path of OBJECT, kept in object->policy: NULL if it has none.  False: an error that ends the search. */
static bool run_path(struct rl_musl_search *search, struct rl_object *object, const char **out_path)
{
	const char *path = object->dynamic.runpath != NULL ? object->dynamic.runpath : object->dynamic.rpath;
	*out_path = object->policy;
	if (path == NULL || *out_path != NULL)
		return true;
	int count = origins_count(path);
	if (count < 0)
		return true;
	if (count == 0) {
		*out_path = path;
		return true;
	}
	return run_path_expand(search, object, path, count, out_path);
}

/* The content of PATH as a string; NULL and an error number if there is none. */
static char *file_text(const char *path, int *out_error)
{
	long fd = rl_sys_open(path);
	*out_error = rl_sys_is_error(fd) ? (int)-fd : 0;
	if (rl_sys_is_error(fd))
		return NULL;
	struct stat stat;
	size_t size = rl_sys_is_error(rl_sys_stat_fd((int)fd, &stat)) ? 0 : (size_t)stat.st_size;
	char *text = rl_heap_take(size + 1);
	if (text != NULL && rl_sys_read_at((int)fd, text, size, 0) != (long)size) {
		rl_heap_give(text);
		text = NULL;
	}
	rl_sys_close((int)fd);
	return text;
}

/* PREFIX/etc/ld-musl-ARCH.path, where the loader's name is PREFIX/DIRECTORY/NAME. */
static __attribute__((noinline)) const char *system_path(struct rl_musl_search *search)
{
	const char *name = search->loader_name, *last = name, *before = name;
	for (const char *c = name; *name == '/' && *c != '\0'; c++) {
		if (*c == '/') {
			before = last;
			last = c;
		}
	}
	char path[BUFFER_SIZE];
	size_t prefix = (size_t)(before - name);
	if (prefix > sizeof path / 2)
		return "";
	memcpy(path, name, prefix);
	rl_text_format(path + prefix, sizeof path - prefix, "/etc/ld-musl-%s.path", RL_PORT_NAME);
	int error;
	char *text = file_text(path, &error);
	if (text != NULL)
		return text;
	return error == ENOENT ? default_path : "";
}

static int places_try(struct rl_musl_search *search, struct attempt *attempt, struct rl_object *requester)
{
	int fd = GO_ON;
	if (search->options->library_path != NULL)
		fd = directories_try(attempt, search->options->library_path);
	for (; fd == GO_ON && requester != NULL; requester = requester->loader) {
		const char *path;
		if (!run_path(search, requester, &path))
			fd = GIVE_UP;
		else if (path != NULL)
			fd = directories_try(attempt, path);
	}
	if (fd == GO_ON) {
		if (search->system_path == NULL)
			search->system_path = system_path(search);
		fd = directories_try(attempt, search->system_path);
	}
	return fd;
}

/* The parts of the header that musl looks at, and those without which nothing could work.  Not the machine. */
static enum rl_status header_check(const struct rl_file_head *head)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)head->bytes;
	if (head->size < sizeof *header)
		return RL_FILE_TOO_SHORT;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return RL_ELF_MAGIC;
	if (header->e_ident[EI_CLASS] != RL_PORT_CLASS || header->e_ident[EI_DATA] != RL_PORT_DATA)
		return RL_ELF_CLASS;
	if (header->e_type != ET_DYN && header->e_type != ET_EXEC)
		return RL_ELF_TYPE;
	return header->e_phentsize == sizeof(Elf64_Phdr) ? RL_OK : RL_ELF_PHENTSIZE;
}

static enum rl_status file_find(void *context, const char *name, struct rl_object *requester,
				  struct rl_namespace *namespace, struct rl_file *out_file, struct rl_diag *diag)
{
	(void)namespace;
	struct rl_musl_search *search = context;
	struct attempt attempt; /* its path is written when it is needed */
	attempt.name = name;
	attempt.error = ENOENT;
	const char *path = name;
	long fd = GO_ON;
	size_t length = strlen(name);
	search->name = name;
	if (length == 0 && search->program != NULL) {
		attempt.error = EINVAL;
	} else if (memchr(name, '/', length) != NULL || search->program == NULL) {
		fd = rl_sys_open(name);
		attempt.error = (int)-fd;
	} else if (length <= NAME_LIMIT) {
		fd = places_try(search, &attempt, requester);
		path = attempt.path;
	}
	enum rl_status status = RL_FILE_NOT_FOUND;
	if (fd >= 0) {
		long size = rl_syscall3(SYS_read, fd, (long)out_file->head.bytes, sizeof out_file->head.bytes);
		out_file->head.size = rl_sys_is_error(size) ? 0 : (size_t)size;
		out_file->fd = (int)fd;
		status = header_check(&out_file->head);
		attempt.error = rl_sys_is_error(size) ? (int)-size : ENOEXEC;
		if (status == RL_OK && (out_file->path = rl_heap_string(path)) == NULL)
			status = RL_NO_MEMORY;
		if (status == RL_OK)
			return RL_OK;
		rl_sys_close((int)fd);
	}
	return rl_fail(diag, status, .subject = name, .requester = requester == NULL ? NULL : requester->path,
		       .error_number = attempt.error);
}

static void search_forget(void *context, struct rl_object *object)
{
	(void)context;
	rl_heap_give(object->policy);
	object->policy = NULL;
}

/* Names are never expanded. */
static enum rl_status search_expand(void *context, const char *name, struct rl_object *requester, char **out_name,
				    struct rl_diag *diag)
{
	(void)context, (void)name, (void)requester, (void)diag;
	*out_name = NULL;
	return RL_OK;
}

struct rl_policy rl_musl_search_policy(struct rl_musl_search *search)
{
	return (struct rl_policy){
		.context = search, .find = file_find, .forget = search_forget, .expand = search_expand};
}
