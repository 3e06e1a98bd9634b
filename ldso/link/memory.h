/* Memory for objects that is not simply the kernel's: an arena, memory that is counted, memory that may be refused.  Whoever
 * embeds the engine provides it for a namespace before objects are loaded there; everywhere else the pointer to it is
 * NULL, and the kernel is asked as directly as ever. */
#ifndef RL_LINK_MEMORY_H
#define RL_LINK_MEMORY_H

#include <stdbool.h>

#include "../base/sys.h"
#include "file.h"

/* mmap(2)'s flag for memory that 32-bit addresses reach; CPUs whose code has none ignore it. */
enum { RL_MAP_LOW = 0x40 };

/* Place for one object.  SIZE and ALIGN are multiples of the page size. */
struct rl_reservation {
	const char *name; /* path of the object */
	size_t size, align;
	uintptr_t address; /* it must lie here; 0: anywhere … */
	uintptr_t limit;   /* … that ends not behind this; 0: no limit */
};

/* Whole pages of a reservation, and what is to be in them. */
struct rl_memory_piece {
	uintptr_t start;
	size_t size;
	int protection;       /* PROT_… */
	int fd;               /* -1: zeros alone */
	uint64_t offset;      /* of the file's bytes that come first; a multiple of the page size */
	size_t content_size;  /* their number, then the rest … */
	bool has_zeros;       /* … is zero, not whatever the file has there; the memory can be written then */
};

struct rl_mapping;

/* Functions return 0 or an errno.  Sizes and places are multiples of page_size. */
struct rl_memory {
	size_t page_size; /* a multiple of the kernel's */
	/* place.c: map the segments of a file, with the functions below. */
	RL_NODISCARD enum rl_status (*place)(struct rl_mapping *mapping, const char *name, int *out_error);
	int (*reserve)(const struct rl_memory *memory, const struct rl_reservation *wanted, uintptr_t *out_start);
	/* *out_is_empty: there is memory that can be written, but the file's bytes are still to be read into it. */
	int (*fill)(const struct rl_memory *memory, const struct rl_memory_piece *piece, bool *out_is_empty);
	int (*protect)(const struct rl_memory *memory, uintptr_t start, size_t size, int protection);
	/* All of a reservation is in use now. */
	void (*ready)(const struct rl_memory *memory, uintptr_t start, size_t size);
	/* The whole of a reservation goes. */
	void (*release)(const struct rl_memory *memory, uintptr_t start, size_t size);
};

/* Like rl_sys_protect, for memory of an object. */
static inline long rl_memory_protect(const struct rl_memory *memory, uintptr_t start, size_t size, int protection)
{
	if (__builtin_expect(memory != NULL, 0))
		return -memory->protect(memory, start, size, protection);
	return rl_sys_protect(start, size, protection);
}

/* Unmap the whole of a reservation. */
static inline void rl_memory_release(const struct rl_memory *memory, uintptr_t start, size_t size)
{
	if (__builtin_expect(memory != NULL, 0))
		memory->release(memory, start, size);
	else
		rl_sys_unmap(start, size);
}

static inline size_t rl_memory_page(const struct rl_memory *memory, size_t kernel_page)
{
	return __builtin_expect(memory != NULL, 0) ? memory->page_size : kernel_page;
}

#endif
