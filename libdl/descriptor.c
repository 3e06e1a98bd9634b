/* fdlopen of FreeBSD: dlopen of a file that is open already.  Nothing is looked up by name, so a file that has none
 * (memfd_create, O_TMPFILE) or that the process cannot reach any more will do.  The descriptor stays the caller's and its
 * position where it is. */
#include <errno.h>

#include "../ldso/base/heap.h"
#include "../ldso/base/sys.h"
#include "../ldso/base/text.h"
#include "dl.h"

/* What debuggers and $ORIGIN know the file as: its path if the kernel tells one.  Heap memory. */
static char *path_of(int fd)
{
	enum { PATH_SIZE = 4096 };
	char link[32], *path = rl_heap_take(PATH_SIZE);
	if (path == NULL)
		return NULL;
	rl_text_format(link, sizeof link, "/proc/self/fd/%d", fd);
	long size = rl_sys_read_link(link, path, PATH_SIZE - 1);
	if (rl_sys_is_error(size) || path[0] != '/')
		rl_text_format(path, PATH_SIZE, "/dev/fd/%d", fd);
	else
		path[size] = '\0';
	char *copy = rl_heap_string(path);
	rl_heap_give(path);
	return copy;
}

enum rl_status rl_dl_descriptor_read(int fd, struct rl_file *out_file, struct rl_diag *diag)
{
	out_file->fd = fd;
	out_file->source = NULL;
	out_file->path = path_of(fd);
	if (out_file->path == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .error_number = ENOMEM);
	long size = rl_sys_read_at(fd, out_file->head.bytes, sizeof out_file->head.bytes, 0);
	enum rl_status status = RL_OK;
	if (rl_sys_is_error(size))
		status = RL_FILE_UNREADABLE;
	else if ((size_t)size < sizeof(Elf64_Ehdr))
		status = RL_FILE_TOO_SHORT;
	out_file->head.size = status == RL_OK ? (size_t)size : 0;
	if (status == RL_OK)
		status = rl_header_check(&out_file->head);
	if (status == RL_OK)
		return RL_OK;
	rl_fail(diag, status, .subject = out_file->path, .error_number = rl_sys_is_error(size) ? (int)-size : 0);
	rl_heap_give(out_file->path);
	return status;
}
