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

/* What may be written may be read on every CPU; a segment of neither kind faults. */
static bool is_readable(const Elf64_Phdr *phdr)
{
	return (phdr->p_flags & (PF_R | PF_W)) != 0;
}

uint64_t rl_stretch_move(struct rl_stretch *stretch, uint64_t vaddr)
{
	const struct rl_image *image = stretch->image;
	const Elf64_Phdr *phdr = rl_image_segment(image, vaddr);
	if (phdr == NULL || !is_readable(phdr))
		return 0;
	uint64_t end = phdr->p_vaddr + phdr->p_memsz;
	stretch->start = phdr->p_vaddr;
	/* Tools that edit files move tables so that they run from one segment on into the next, by ascending address. */
	while (++phdr < image->phdrs + image->load_end) {
		if (phdr->p_type != PT_LOAD || phdr->p_memsz == 0)
			continue;
		if (phdr->p_vaddr != end || !is_readable(phdr))
			break;
		end += phdr->p_memsz;
	}
	stretch->end = end;
	return end;
}

size_t rl_image_reach(const struct rl_image *image, uint64_t vaddr)
{
	struct rl_stretch stretch = {.image = image};
	uint64_t end = rl_stretch_move(&stretch, vaddr);
	return end == 0 ? 0 : end - vaddr;
}

const void *rl_image_array(const struct rl_image *image, uint64_t vaddr, uint64_t count, size_t size)
{
	struct rl_stretch stretch = {.image = image};
	return rl_stretch_array(&stretch, vaddr, count, size);
}

bool rl_image_has(const struct rl_image *image, uint32_t type)
{
	for (size_t i = 0; i < image->phdr_count; i++)
		if (image->phdrs[i].p_type == type)
			return true;
	return false;
}
