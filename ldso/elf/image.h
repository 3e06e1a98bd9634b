/* A bounded view of a mapped image: the only way to turn a virtual address found in a file into a pointer.
 * What it returns lies inside one PT_LOAD of the object, so it can be read without a fault. */
#ifndef RL_ELF_IMAGE_H
#define RL_ELF_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rl_image {
	uintptr_t bias;           /* address = bias + vaddr */
	const Elf64_Phdr *phdrs;  /* trusted: a copy, or checked memory */
	size_t phdr_count;
	size_t load_start, load_end; /* all PT_LOADs have indexes from start to below end */
};

/* A view of the image that PHDRS describe. */
struct rl_image rl_image_make(uintptr_t bias, const Elf64_Phdr *phdrs, size_t phdr_count);

/* COUNT elements of SIZE bytes at VADDR, or NULL if they do not all lie in segments without a gap. */
const void *rl_image_array(const struct rl_image *image, uint64_t vaddr, uint64_t count, size_t size);

/* Bytes from VADDR to the end of its segment and of those that follow without a gap; 0 if it is in none or may not be
 * read. */
size_t rl_image_reach(const struct rl_image *image, uint64_t vaddr);

/* A part of the image that can be read without a gap: where the last table was, and the next one usually is. */
struct rl_stretch {
	const struct rl_image *image;
	uint64_t start, end; /* vaddrs */
};

/* Move the stretch to the one that holds VADDR.  Returns its end, or 0 if there is none. */
uint64_t rl_stretch_move(struct rl_stretch *stretch, uint64_t vaddr);

/* The end of the stretch that holds VADDR, or 0. */
static inline uint64_t rl_stretch_end(struct rl_stretch *stretch, uint64_t vaddr)
{
	if (vaddr - stretch->start < stretch->end - stretch->start)
		return stretch->end;
	return rl_stretch_move(stretch, vaddr);
}

/* rl_image_array for tables that lie close together. */
static inline const void *rl_stretch_array(struct rl_stretch *stretch, uint64_t vaddr, uint64_t count, size_t size)
{
	uint64_t end = rl_stretch_end(stretch, vaddr);
	return end == 0 || count > (end - vaddr) / size ? NULL : (const void *)(stretch->image->bias + vaddr);
}

/* Whether there is a program header of TYPE. */
bool rl_image_has(const struct rl_image *image, uint32_t type);

/* The PT_LOAD that contains VADDR, or NULL. */
const Elf64_Phdr *rl_image_segment(const struct rl_image *image, uint64_t vaddr);

#endif
