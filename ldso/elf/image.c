/* The bounded view.  Pure. */
#include "image.h"

const Elf64_Phdr *rl_image_segment(const struct rl_image *image, uint64_t vaddr)
{
	for (size_t i = 0; i < image->phdr_count; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		if (phdr->p_type == PT_LOAD && vaddr - phdr->p_vaddr < phdr->p_memsz)
			return phdr;
	}
	return NULL;
}

size_t rl_image_reach(const struct rl_image *image, uint64_t vaddr)
{
	const Elf64_Phdr *phdr = rl_image_segment(image, vaddr);
	/* What may be written may be read on every CPU; a segment of neither kind faults. */
	if (phdr == NULL || (phdr->p_flags & (PF_R | PF_W)) == 0)
		return 0;
	return phdr->p_memsz - (vaddr - phdr->p_vaddr);
}

const void *rl_image_array(const struct rl_image *image, uint64_t vaddr, uint64_t count, size_t size)
{
	size_t reach = rl_image_reach(image, vaddr);
	if (reach == 0 || count > reach / size)
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
