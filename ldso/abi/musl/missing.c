/* What is not there.  At start everything missing is reported before the process ends.  A library opened with RTLD_LAZY
 * may lack functions: its references wait, and each later dlopen tries them again.  And programs linked with a libc
 * before 1.2.4 name 64-bit variants of functions that later ones do not have. */
#include <string.h>

#include "../../base/heap.h"
#include "../../link/relocate.h"
#include "musl.h"

/* Functions with a variant for large files, which was the function itself. */
static const char large_file_names[] =
	"aio_cancel\0aio_error\0aio_fsync\0aio_read\0aio_return\0aio_suspend\0aio_write\0alphasort\0creat\0"
	"fallocate\0fgetpos\0fopen\0freopen\0fseeko\0fsetpos\0fstat\0fstatat\0fstatfs\0fstatvfs\0ftello\0"
	"ftruncate\0ftw\0getdents\0getrlimit\0glob\0globfree\0lio_listio\0lockf\0lseek\0lstat\0mkostemp\0"
	"mkostemps\0mkstemp\0mkstemps\0mmap\0nftw\0open\0openat\0posix_fadvise\0posix_fallocate\0pread\0preadv\0"
	"prlimit\0pwrite\0pwritev\0readdir\0scandir\0sendfile\0setrlimit\0stat\0statfs\0statvfs\0tmpfile\0"
	"truncate\0versionsort\0__fxstat\0__fxstatat\0__lxstat\0__xstat\0";

/* The name of the function that NAME is a variant of, in BUFFER; false: it is none. */
static bool large_file_name(const char *name, char *buffer, size_t size)
{
	size_t length = strlen(name);
	if (strcmp(name, "readdir64_r") == 0) {
		memcpy(buffer, "readdir_r", sizeof "readdir_r");
		return true;
	}
	if (length < 3 || length >= size || strcmp(name + length - 2, "64") != 0)
		return false;
	memcpy(buffer, name, length - 2);
	buffer[length - 2] = '\0';
	for (const char *known = large_file_names; *known != '\0'; known += strlen(known) + 1)
		if (strcmp(known, buffer) == 0)
			return true;
	return false;
}

static bool large_file_find(const struct rl_musl *musl, const char *name, struct rl_binding *out_binding)
{
	char buffer[24];
	if (musl->libc == NULL || !large_file_name(name, buffer, sizeof buffer))
		return false;
	struct rl_name key = rl_name_make(buffer);
	struct rl_want want = {.skip_undefined_functions = true};
	const Elf64_Sym *symbol = rl_symbols_find(&musl->libc->symbols, &key, &want);
	*out_binding = (struct rl_binding){symbol == NULL ? NULL : musl->libc, symbol};
	return symbol != NULL;
}

/* Whether RELA of OBJECT may wait; then it does. */
static bool defer(struct rl_musl *musl, struct rl_object *object, const Elf64_Rela *rela)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);
	if (!musl->opens_lazily || object->dynamic.binds_now || (type != RL_RELOC_JUMP_SLOT && type != RL_RELOC_GLOB_DAT))
		return false;
	struct rl_musl_missing *missing = rl_heap_take(sizeof *missing);
	if (missing == NULL)
		return false;
	*missing = (struct rl_musl_missing){musl->missing, object, rela};
	musl->missing = missing;
	return true;
}

/* At start: tell, remember, and go on. */
static enum rl_status report(struct rl_musl *musl, struct rl_diag *diag)
{
	if (musl->linker->is_running)
		return diag->status;
	rl_musl_print(musl, diag);
	musl->has_failed = true;
	musl->linker->runs_nothing = true;
	rl_diag_drop(diag);
	return RL_OK;
}

enum rl_status rl_musl_excuse_symbol(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
				     struct rl_binding *out_binding, struct rl_diag *diag)
{
	struct rl_musl *musl = linker->abi.context;
	*out_binding = (struct rl_binding){0};
	if (!large_file_find(musl, diag->symbol, out_binding) && !defer(musl, object, rela))
		return report(musl, diag);
	rl_diag_drop(diag);
	return RL_OK;
}

/* Whatever is wrong with the file, it is told by the name that asked for it. */
enum rl_status rl_musl_excuse_library(struct rl_linker *linker, struct rl_object *object, const char *name,
				      struct rl_diag *diag)
{
	enum rl_status status = diag->status;
	int error_number = diag->error_number;
	rl_diag_drop(diag);
	(void)!rl_fail(diag, status, .subject = name, .requester = object->path, .error_number = error_number);
	return report(linker->abi.context, diag);
}

void rl_musl_missing_retry(struct rl_musl *musl)
{
	struct rl_musl_missing *waiting = musl->missing;
	musl->missing = NULL;
	musl->opens_lazily = true;
	while (waiting != NULL) {
		struct rl_musl_missing *next = waiting->next;
		struct rl_diag diag = RL_DIAG_NONE;
		/* What is still missing is put on the list anew. */
		(void)!rl_relocate_one(musl->linker, waiting->object, waiting->rela, &diag);
		rl_diag_drop(&diag);
		rl_heap_give(waiting);
		waiting = next;
	}
	musl->opens_lazily = false;
}

void rl_musl_missing_forget(struct rl_musl *musl, struct rl_musl_missing *down_to)
{
	while (musl->missing != down_to) {
		struct rl_musl_missing *next = musl->missing->next;
		rl_heap_give(musl->missing);
		musl->missing = next;
	}
}
