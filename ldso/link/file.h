/* A file that is being loaded: a descriptor of the process's, or bytes that somebody delivers. */
#ifndef RL_LINK_FILE_H
#define RL_LINK_FILE_H

#include <stdbool.h>

#include "../base/status.h"
#include "../elf/header.h"

/* Where an image is to lie, decided by whoever embeds the engine.  The object that is made of it owns this. */
struct rl_placement {
	uintptr_t address; /* of its first page: reserved memory, which the image is mapped over */
	size_t size;       /* that is reserved; a larger image is refused */
	bool is_taken;     /* an object has it; until then the memory is that of who reserved it, whatever is mapped there */
	/* So many program headers at the end are PT_LOADs of parts that lie elsewhere, ready, in memory that objects may
	 * share.  Each is a range of its own for address lookups. */
	size_t count;
	void (*drop)(struct rl_placement *placement); /* the object has gone, and nobody looks at it */
};

/* Where the bytes of a file come from that is no descriptor of the process's. */
struct rl_source {
	uint64_t size;
	struct rl_placement *placement; /* NULL: anywhere */
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
