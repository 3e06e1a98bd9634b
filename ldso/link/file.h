/* A file that is being loaded: a descriptor of the process's, or bytes that somebody delivers. */
#ifndef RL_LINK_FILE_H
#define RL_LINK_FILE_H

#include "../base/status.h"
#include "../elf/header.h"

/* Where the bytes of a file come from that is no descriptor of the process's. */
struct rl_source {
	uint64_t size;
	/* Copy SIZE bytes at OFFSET, which lie inside the source, to BUFFER; 0, or an errno. */
	int (*read)(const struct rl_source *source, void *buffer, size_t size, uint64_t offset);
};

struct rl_file {
	int fd;
	const struct rl_source *source; /* NULL: fd */
	char *path; /* heap; the receiver owns it */
	struct rl_file_head head;
};

/* Copy SIZE bytes at OFFSET to BUFFER.  Returns 0 or an errno; EIO: the file ends before. */
RL_NODISCARD int rl_file_read(const struct rl_file *file, void *buffer, size_t size, uint64_t offset);

/* Its size; returns 0 or an errno. */
RL_NODISCARD int rl_file_size(const struct rl_file *file, uint64_t *out_size);

#endif
