/* Mapping a file into memory that whoever embeds the engine provides: one reservation for the object, one piece a segment,
 * and no page that can be written and executed at once unless the file asks for it. */
#include "place.h"

#include <errno.h>

#include "mapping.h"

/* Whether the engine itself has to write to a segment: bytes that are not mapped, or zeros behind what is. */
static bool is_written(const struct rl_mapping *mapping, const Elf64_Phdr *phdr)
{
	return phdr->p_filesz != 0 && (mapping->file->source != NULL || phdr->p_memsz > phdr->p_filesz);
}

static enum rl_status segment_place(const struct rl_mapping *mapping, const Elf64_Phdr *phdr, int *out_error)
{
	const struct rl_memory *memory = mapping->memory;
	uintptr_t content = mapping->bias + phdr->p_vaddr, start = rl_page_down(content, mapping->page_size);
	bool is_mapped = mapping->file->source == NULL && phdr->p_filesz != 0, is_empty = false;
	int wanted = rl_map_protection(phdr), writable = PROT_READ | PROT_WRITE;
	struct rl_memory_piece piece = {.start = start,
				 .size = rl_page_up(content + phdr->p_memsz, mapping->page_size) - start,
				 .protection = is_written(mapping, phdr) ? writable : wanted,
				 .fd = -1};
	if (is_mapped) {
		piece.fd = mapping->file->fd;
		piece.offset = phdr->p_offset - (content - start);
		piece.content_size = content - start + phdr->p_filesz;
		piece.has_zeros = phdr->p_memsz > phdr->p_filesz;
	}
	*out_error = memory->fill(memory, &piece, &is_empty);
	if (*out_error != 0)
		return RL_MAP_SEGMENT;
	if ((is_empty || !is_mapped) && phdr->p_filesz != 0) {
		*out_error = rl_file_read(mapping->file, (void *)content, phdr->p_filesz, phdr->p_offset);
		if (*out_error != 0)
			return RL_FILE_UNREADABLE;
	}
	if ((is_empty ? writable : piece.protection) == wanted)
		return RL_OK;
	*out_error = memory->protect(memory, piece.start, piece.size, wanted);
	return *out_error == 0 ? RL_OK : RL_MAP_PROTECT;
}

static enum rl_status segments_place(const struct rl_mapping *mapping, int *out_error)
{
	for (size_t i = 0; i < mapping->phdr_count; i++)
		if (mapping->phdrs[i].p_type == PT_LOAD && mapping->phdrs[i].p_memsz != 0)
			RL_TRY(segment_place(mapping, &mapping->phdrs[i], out_error));
	return RL_OK;
}

/* The span in larger pages than the kernel's, and whether the file was made for them. */
static enum rl_status span_widen(struct rl_mapping *mapping)
{
	struct rl_map_span *span = &mapping->span;
	size_t page_size = mapping->memory->page_size;
	uint64_t covered_end = 0;
	for (size_t i = 0; i < mapping->phdr_count; i++) {
		const Elf64_Phdr *phdr = &mapping->phdrs[i];
		if (phdr->p_type != PT_LOAD || phdr->p_memsz == 0)
			continue;
		if (((phdr->p_vaddr - phdr->p_offset) & (page_size - 1)) != 0
		    || rl_page_down(phdr->p_vaddr, page_size) < covered_end)
			return RL_SEGMENT_OFFSET;
		covered_end = rl_page_up(phdr->p_vaddr + phdr->p_memsz, page_size);
	}
	mapping->page_size = page_size;
	span->start = rl_page_down(span->start, page_size);
	span->end = rl_page_up(span->end, page_size);
	if (span->align < page_size)
		span->align = page_size;
	return RL_OK;
}

enum rl_status rl_place_file(struct rl_mapping *mapping, const char *name, int *out_error)
{
	const struct rl_memory *memory = mapping->memory;
	const struct rl_map_span *span = &mapping->span;
	RL_TRY(span_widen(mapping));
	struct rl_reservation wanted = {.name = name,
					.size = span->end - span->start,
					.align = span->align,
					.address = span->is_fixed ? span->start : 0};
	uintptr_t start;
	*out_error = span->is_fixed && span->start == 0 ? EPERM : memory->reserve(memory, &wanted, &start);
	if (*out_error != 0)
		return RL_MAP_SEGMENT;
	mapping->bias = start - span->start;
	enum rl_status status = segments_place(mapping, out_error);
	if (status == RL_OK)
		memory->ready(memory, start, wanted.size);
	else
		memory->release(memory, start, wanted.size);
	return status;
}
