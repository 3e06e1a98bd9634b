/* Reading from a file, wherever its bytes come from. */
#include "file.h"

#include <errno.h>

#include "../base/sys.h"

int rl_file_read(const struct rl_file *file, void *buffer, size_t size, uint64_t offset)
{
	const struct rl_source *source = file->source;
	if (source != NULL) {
		if (size > source->size || offset > source->size - size)
			return EIO;
		return size == 0 ? 0 : source->read(source, buffer, size, offset);
	}
	for (size_t at = 0; at < size;) {
		long count = rl_sys_read_at(file->fd, (char *)buffer + at, size - at, offset + at);
		if (rl_sys_is_error(count) || count == 0)
			return count == 0 ? EIO : (int)-count;
		at += (size_t)count;
	}
	return 0;
}

int rl_file_size(const struct rl_file *file, uint64_t *out_size)
{
	struct stat info = {0};
	long result = file->source != NULL ? 0 : rl_sys_stat_fd(file->fd, &info);
	if (rl_sys_is_error(result))
		return (int)-result;
	*out_size = file->source != NULL ? file->source->size : (uint64_t)info.st_size;
	return 0;
}
