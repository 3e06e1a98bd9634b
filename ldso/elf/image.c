/* The bounded view.  Pure. */
#include "image.h"

struct rl_image rl_image_make(uintptr_t bias, const Elf64_Phdr *phdrs, size_t phdr_count)
{
	struct rl_image image = {.bias = bias, .phdrs = phdrs, .phdr_count = phdr_count};
	while (image.load_start < phdr_count && phdrs[image.load_start].p_type != PT_LOAD)
		image.load_start++;
	image.load_end = phdr_count;
	while (image.load_end > image.load_start && phdrs[image.load_end - 1].p_type != PT_LOAD)
		image.load_end--;
	return image;
}

const Elf64_Phdr *rl_image_segment(const struct rl_image *image, uint64_t vaddr)
{
	for (size_t i = image->load_start; i < image->load_end; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		if (phdr->p_type == PT_LOAD && vaddr - phdr->p_vaddr < phdr->p_memsz)
			return phdr;
	}
	return NULL;
}

/* The end of the readable segment that holds VADDR, or 0. */
static uint64_t readable_end(const struct rl_image *image, uint64_t vaddr)
{
	const Elf64_Phdr *phdr = rl_image_segment(image, vaddr);
	/* What may be written may be read on every CPU; a segment of neither kind faults. */
	if (phdr == NULL || (phdr->p_flags & (PF_R | PF_W)) == 0)
		return 0;
	return phdr->p_vaddr + phdr->p_memsz;
}

size_t rl_image_reach(const struct rl_image *image, uint64_t vaddr)
{
	uint64_t end = readable_end(image, vaddr);
	if (end == 0)
		return 0;
	/* Tools that edit files move tables so that they run from one segment on into the next. */
	for (uint64_t next; (next = readable_end(image, end)) != 0;)
		end = next;
	return end - vaddr;
}

const void *rl_image_array(const struct rl_image *image, uint64_t vaddr, uint64_t count, size_t size)
{
	uint64_t end = readable_end(image, vaddr);
	/* Nearly every table lies in one segment. */
	if (end != 0 && count <= (end - vaddr) / size)
		return (const void *)(image->bias + vaddr);
	if (end == 0 || count > rl_image_reach(image, vaddr) / size)
		return NULL;
	return (const void *)(image->bias + vaddr);
}

bool rl_image_has(const struct rl_image *image, uint32_t type)
{
	for (size_t i = 0; i < image->phdr_count; i++)
		if (image->phdrs[i].p_type == type)
			return true;
	return false;
}
