/* A file that is being mapped: private to map.c and place.c. */
#ifndef RL_LINK_MAPPING_H
#define RL_LINK_MAPPING_H

#include <stdbool.h>
#include <sys/mman.h>

#include "memory.h"

/* The span of all PT_LOADs, page-aligned vaddrs. */
struct rl_map_span {
	const Elf64_Phdr *first;
	uint64_t start, end, align;
	bool is_fixed; /* ET_EXEC: no choice of address */
};

struct rl_mapping {
	const struct rl_file *file;
	const Elf64_Phdr *phdrs;
	size_t phdr_count;
	size_t page_size;
	struct rl_map_span span;
	uintptr_t bias;
	const struct rl_memory *memory; /* NULL: the kernel's */
	bool is_reserved;     /* all of the span is ours already: segments replace what is there */
	uintptr_t mapped_end; /* of the last piece */
};

static inline int rl_map_protection(const Elf64_Phdr *phdr)
{
	return (phdr->p_flags & PF_R ? PROT_READ : 0) | (phdr->p_flags & PF_W ? PROT_WRITE : 0)
	       | (phdr->p_flags & PF_X ? PROT_EXEC : 0);
}

static inline uint64_t rl_page_down(uint64_t value, size_t page_size)
{
	return value & -(uint64_t)page_size;
}

static inline uint64_t rl_page_up(uint64_t value, size_t page_size)
{
	return rl_page_down(value + page_size - 1, page_size);
}

#endif
