/* Mapping.  A small object goes right below the one mapped before it, where the kernel would put it too, so that each of
 * its segments is mapped into free space.  Where that is not free, and for large objects, the whole span is reserved by
 * mapping the file as the first segment wants it, and the other segments go over it: the kernel then has to divide what
 * it just mapped, which costs half as much again. */
#include "map.h"

#include <errno.h>
#include <string.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "mapping.h"

/* Writable memory of at most so many bytes gets its pages at once, not by a fault each: relocation writes all over the
 * file's part, and of a few zero pages most are used.  So does code, and the first segment, which has the tables: they
 * will be touched, and the fault would bring in as much (fault_around_bytes). */
enum { POPULATE_LIMIT = 16384, POPULATE_ZERO_LIMIT = 8192, POPULATE_READ_LIMIT = 65536 };

/* The kernel may place larger files so that huge pages fit. */
enum { SMALL_SPAN = 2 * 1024 * 1024 };

/* One PT_LOAD against the rules, and against the file's length. */
static enum rl_status load_check(const Elf64_Phdr *phdr, uint64_t file_size, size_t page_size)
{
	if (((phdr->p_vaddr - phdr->p_offset) & (page_size - 1)) != 0)
		return RL_SEGMENT_OFFSET;
	if (phdr->p_filesz > phdr->p_memsz || phdr->p_vaddr + phdr->p_memsz < phdr->p_vaddr
	    || phdr->p_vaddr + phdr->p_memsz > UINT64_MAX / 4)
		return RL_SEGMENT_DAMAGED;
	if (phdr->p_offset + phdr->p_filesz < phdr->p_offset || phdr->p_offset + phdr->p_filesz > file_size)
		return RL_FILE_TOO_SHORT;
	return RL_OK;
}

static enum rl_status span_find(const Elf64_Phdr *phdrs, size_t count, uint64_t file_size, size_t page_size,
				struct rl_map_span *out_span)
{
	struct rl_map_span span = {.align = page_size};
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr *phdr = &phdrs[i];
		if (phdr->p_type != PT_LOAD)
			continue;
		RL_TRY(load_check(phdr, file_size, page_size));
		if (phdr->p_memsz == 0)
			continue;
		uint64_t start = rl_page_down(phdr->p_vaddr, page_size);
		if (span.first == NULL) {
			span.first = phdr;
			span.start = start;
		} else if (start < span.end) {
			return RL_SEGMENT_DAMAGED; /* gABI: ascending, and no page in two segments */
		}
		span.end = rl_page_up(phdr->p_vaddr + phdr->p_memsz, page_size);
		/* Like the original, an alignment that is no power of two is no alignment. */
		if (phdr->p_align > span.align && (phdr->p_align & (phdr->p_align - 1)) == 0)
			span.align = phdr->p_align;
	}
	if (span.first == NULL)
		return RL_SEGMENT_NONE;
	*out_span = span;
	return RL_OK;
}

/* Take more, give back what is around. */
long rl_map_reserve(uint64_t size, uint64_t align, size_t page_size, int flags)
{
	long start = rl_sys_map(0, size + align - page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
	if (rl_sys_is_error(start))
		return start;
	uint64_t aligned = ((uint64_t)start + align - 1) & -align;
	uint64_t before = aligned - (uint64_t)start, after = align - page_size - before;
	if (before != 0)
		rl_sys_unmap((uintptr_t)start, before);
	if (after != 0)
		rl_sys_unmap(aligned + size, after);
	return (long)aligned;
}

/* Where FILE is to lie, if that was decided. */
static struct rl_placement *placement_of(const struct rl_file *file)
{
	return file->source == NULL ? NULL : file->source->placement;
}

/* Map the whole span from the file, as the first segment wants it. */
static long reserve(const struct rl_mapping *mapping)
{
	const struct rl_map_span *span = &mapping->span;
	const Elf64_Phdr *first = span->first;
	uint64_t size = span->end - span->start, offset = rl_page_down(first->p_offset, mapping->page_size);
	uintptr_t hint = 0;
	int flags = MAP_PRIVATE;
	const struct rl_placement *placement = placement_of(mapping->file);
	if (placement != NULL) {
		if (size > placement->size)
			return -EINVAL;
		hint = placement->address;
		flags |= MAP_FIXED;
	} else if (span->is_fixed) {
		hint = span->start;
		flags |= MAP_FIXED_NOREPLACE;
	} else if (span->align > mapping->page_size) {
		long aligned = rl_map_reserve(size, span->align, mapping->page_size, 0);
		if (rl_sys_is_error(aligned))
			return aligned;
		hint = (uintptr_t)aligned;
		flags |= MAP_FIXED;
	}
	/* A source is copied segment by segment later: until then all of the span can be written. */
	if (mapping->file->source != NULL)
		return rl_sys_map(hint, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
	if (first->p_filesz == 0)
		return rl_sys_map(hint, size, rl_map_protection(first), flags | MAP_ANONYMOUS, -1, 0);
	long start = rl_sys_map(hint, size, rl_map_protection(first), flags, mapping->file->fd, offset);
	if (!rl_sys_is_error(start) && span->is_fixed && (uintptr_t)start != hint) {
		rl_sys_unmap((uintptr_t)start, size); /* a kernel that does not know MAP_FIXED_NOREPLACE */
		return -EEXIST;
	}
	return start;
}

/* Map a piece of the span: where its place is reserved already over that, else only if nobody has it. */
static bool piece_map(struct rl_mapping *mapping, uintptr_t start, size_t size, int protection, int flags,
		      uint64_t offset)
{
	int fd = flags & MAP_ANONYMOUS ? -1 : mapping->file->fd;
	flags |= MAP_PRIVATE | (mapping->is_reserved ? MAP_FIXED : MAP_FIXED_NOREPLACE);
	long result = rl_sys_map(start, size, protection, flags, fd, offset);
	if (rl_sys_is_error(result))
		return false;
	if ((uintptr_t)result == start) {
		mapping->mapped_end = start + size;
		return true;
	}
	rl_sys_unmap((uintptr_t)result, size); /* a kernel that does not know MAP_FIXED_NOREPLACE */
	return false;
}

/* The part of a segment behind its file content: zero to the end of the page, then anonymous pages. */
static enum rl_status zero_fill(struct rl_mapping *mapping, const Elf64_Phdr *phdr)
{
	size_t page_size = mapping->page_size;
	uintptr_t start = mapping->bias + phdr->p_vaddr + phdr->p_filesz;
	uintptr_t page_end = rl_page_up(start, page_size), end = rl_page_up(mapping->bias + phdr->p_vaddr + phdr->p_memsz,
								    page_size);
	if (page_end > start && phdr->p_filesz != 0) {
		uintptr_t page = rl_page_down(start, page_size);
		bool is_writable = (phdr->p_flags & PF_W) != 0;
		if (!is_writable
		    && rl_sys_is_error(rl_sys_protect(page, page_size, rl_map_protection(phdr) | PROT_WRITE)))
			return RL_MAP_PROTECT;
		memset((void *)start, 0, page_end - start);
		if (!is_writable)
			rl_sys_protect(page, page_size, rl_map_protection(phdr));
	}
	if (phdr->p_filesz == 0)
		page_end = rl_page_down(start, page_size);
	int flags = MAP_ANONYMOUS | (end - page_end <= POPULATE_ZERO_LIMIT ? MAP_POPULATE : 0);
	if (end > page_end && !piece_map(mapping, page_end, end - page_end, rl_map_protection(phdr), flags, 0))
		return RL_MAP_ZERO;
	return RL_OK;
}

/* Whether the reservation has mapped this segment as it wants to be.  valgrind learns of segments from their own mmap
 * alone, and forgets what another one overlaps. */
static bool is_in_place(const struct rl_mapping *mapping, const Elf64_Phdr *phdr)
{
	const Elf64_Phdr *first = mapping->span.first;
	if (!mapping->is_reserved || phdr == first)
		return mapping->is_reserved;
	return first->p_filesz != 0 && phdr->p_flags == first->p_flags && !(phdr->p_flags & PF_W)
	       && phdr->p_vaddr - phdr->p_offset == first->p_vaddr - first->p_offset && !rl_port_is_simulated();
}

/* Whether a writable segment is small and goes on behind its file content: cheaper copied than mapped in two pieces. */
static bool is_copied(const struct rl_mapping *mapping, const Elf64_Phdr *phdr)
{
	uint64_t start = rl_page_down(phdr->p_vaddr, mapping->page_size), file_end = phdr->p_vaddr + phdr->p_filesz;
	uint64_t end = phdr->p_vaddr + phdr->p_memsz, mapped_end = rl_page_up(file_end, mapping->page_size);
	return (phdr->p_flags & (PF_R | PF_W | PF_X)) == (PF_R | PF_W) && phdr->p_filesz != 0
	       && file_end - start <= POPULATE_LIMIT && end > mapped_end && end - mapped_end <= POPULATE_ZERO_LIMIT
	       && phdr != mapping->span.first && !rl_port_is_simulated();
}

/* One mapping of zeros for all of such a segment, with the content read into it. */
static enum rl_status segment_copy(struct rl_mapping *mapping, const Elf64_Phdr *phdr)
{
	uint64_t before = phdr->p_vaddr & (mapping->page_size - 1), size = before + phdr->p_filesz;
	uintptr_t start = mapping->bias + phdr->p_vaddr - before;
	if (!piece_map(mapping, start, rl_page_up(before + phdr->p_memsz, mapping->page_size), rl_map_protection(phdr),
		       MAP_ANONYMOUS | MAP_POPULATE, 0))
		return RL_MAP_SEGMENT;
	return rl_file_read(mapping->file, (void *)start, size, phdr->p_offset - before) == 0 ? RL_OK : RL_FILE_UNREADABLE;
}

static bool is_populated(const struct rl_mapping *mapping, const Elf64_Phdr *phdr, uint64_t size)
{
	if (phdr->p_flags & PF_W)
		return size <= POPULATE_LIMIT;
	return size <= POPULATE_READ_LIMIT && ((phdr->p_flags & PF_X) || phdr == mapping->span.first);
}

/* Give one segment its content and protection. */
static enum rl_status segment_map(struct rl_mapping *mapping, const Elf64_Phdr *phdr)
{
	if (is_copied(mapping, phdr))
		return segment_copy(mapping, phdr);
	size_t page_size = mapping->page_size;
	uintptr_t start = mapping->bias + rl_page_down(phdr->p_vaddr, page_size);
	uintptr_t file_end = mapping->bias + rl_page_up(phdr->p_vaddr + phdr->p_filesz, page_size);
	if (phdr->p_filesz != 0 && !is_in_place(mapping, phdr)) {
		int populate = is_populated(mapping, phdr, file_end - start) ? MAP_POPULATE : 0;
		if (!piece_map(mapping, start, file_end - start, rl_map_protection(phdr), populate,
			       rl_page_down(phdr->p_offset, page_size)))
			return RL_MAP_SEGMENT;
	}
	return phdr->p_memsz > phdr->p_filesz ? zero_fill(mapping, phdr) : RL_OK;
}

/* The same from a source: memory that is there, filled, then protected. */
static enum rl_status segment_fill(const struct rl_mapping *mapping, const Elf64_Phdr *phdr, int *out_error)
{
	uintptr_t start = mapping->bias + rl_page_down(phdr->p_vaddr, mapping->page_size);
	uintptr_t end = mapping->bias + rl_page_up(phdr->p_vaddr + phdr->p_memsz, mapping->page_size);
	*out_error = rl_file_read(mapping->file, (void *)(mapping->bias + phdr->p_vaddr), phdr->p_filesz, phdr->p_offset);
	if (*out_error != 0)
		return RL_FILE_UNREADABLE;
	if (rl_map_protection(phdr) != (PROT_READ | PROT_WRITE)
	    && rl_sys_is_error(rl_sys_protect(start, end - start, rl_map_protection(phdr))))
		return RL_MAP_PROTECT;
	return RL_OK;
}

/* Pages of the span that no segment covers must not be accessible. */
static bool hole_close(const struct rl_mapping *mapping, uint64_t covered_end, uint64_t next_start)
{
	if (next_start <= covered_end)
		return false;
	rl_sys_protect(mapping->bias + covered_end, next_start - covered_end, PROT_NONE);
	return true;
}

static enum rl_status segments_map(struct rl_mapping *mapping, bool *out_is_contiguous, int *out_error)
{
	uint64_t covered_end = mapping->span.start;
	*out_is_contiguous = true;
	for (size_t i = 0; i < mapping->phdr_count; i++) {
		const Elf64_Phdr *phdr = &mapping->phdrs[i];
		if (phdr->p_type != PT_LOAD || phdr->p_memsz == 0)
			continue;
		if (hole_close(mapping, covered_end, rl_page_down(phdr->p_vaddr, mapping->page_size)))
			*out_is_contiguous = false;
		RL_TRY(mapping->file->source != NULL ? segment_fill(mapping, phdr, out_error) : segment_map(mapping, phdr));
		covered_end = rl_page_up(phdr->p_vaddr + phdr->p_memsz, mapping->page_size);
	}
	return RL_OK;
}

/* What to seal: whole pages, and none that is not the object's, whatever a damaged header says. */
static struct rl_span relro_find(const struct rl_object *object, const Elf64_Phdr *phdr, size_t page_size)
{
	uintptr_t start = object->image.bias + phdr->p_vaddr, room = object->map_end - start;
	if (start < object->map_start || start >= object->map_end)
		return (struct rl_span){0};
	uintptr_t end = start + (phdr->p_memsz < room ? phdr->p_memsz : room);
	return (struct rl_span){rl_page_down(start, page_size), rl_page_down(end, page_size)};
}

/* The facts that program headers other than PT_LOAD tell.  The image is mapped. */
static enum rl_status facts_read(struct rl_object *object, size_t page_size, uint64_t *out_dynamic_vaddr)
{
	const struct rl_image *image = &object->image;
	*out_dynamic_vaddr = 0;
	object->stack_flags = PF_R | PF_W | PF_X; /* without the header the stack is executable */
	for (size_t i = 0; i < image->phdr_count; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		switch (phdr->p_type) {
		case PT_DYNAMIC:
			*out_dynamic_vaddr = phdr->p_vaddr;
			break;
		case PT_TLS:
			if (phdr->p_memsz == 0)
				break;
			if ((phdr->p_align & (phdr->p_align - 1)) != 0 || phdr->p_filesz > phdr->p_memsz
			    || phdr->p_memsz > INT64_MAX / 2
			    || (phdr->p_filesz != 0 && rl_image_array(image, phdr->p_vaddr, phdr->p_filesz, 1) == NULL))
				return RL_SEGMENT_DAMAGED;
			object->tls.image = (const void *)(image->bias + phdr->p_vaddr);
			object->tls.image_size = phdr->p_filesz;
			object->tls.size = phdr->p_memsz;
			object->tls.align = phdr->p_align == 0 ? 1 : phdr->p_align;
			object->tls.first_offset = phdr->p_vaddr & (object->tls.align - 1);
			break;
		case PT_GNU_STACK:
			object->stack_flags = phdr->p_flags;
			break;
		case PT_GNU_RELRO:
			object->relro = relro_find(object, phdr, page_size);
			break;
		case PT_GNU_EH_FRAME:
			object->eh_frame_header = (const void *)(image->bias + phdr->p_vaddr);
			break;
		}
	}
	return RL_OK;
}

/* Program headers as they lie in the image, or NULL if no segment holds them. */
static const Elf64_Phdr *phdrs_in_image(const struct rl_mapping *mapping, uint64_t offset)
{
	uint64_t size = ((const Elf64_Ehdr *)mapping->file->head.bytes)->e_phnum * sizeof(Elf64_Phdr);
	for (size_t i = 0; i < mapping->phdr_count; i++) {
		const Elf64_Phdr *phdr = &mapping->phdrs[i];
		if (phdr->p_type == PT_LOAD && (phdr->p_flags & (PF_R | PF_W)) && phdr->p_offset <= offset
		    && offset + size <= phdr->p_offset + phdr->p_filesz)
			return (const Elf64_Phdr *)(mapping->bias + phdr->p_vaddr + (offset - phdr->p_offset));
	}
	return NULL;
}

/* The program headers: from the bytes read already, else read for the purpose into *out_owned. */
static enum rl_status phdrs_read(const struct rl_file *file, const Elf64_Ehdr *header, Elf64_Phdr **out_owned,
				 const Elf64_Phdr **out_phdrs)
{
	size_t size = header->e_phnum * sizeof(Elf64_Phdr);
	*out_owned = NULL;
	if (header->e_phoff % 8 == 0 && header->e_phoff <= file->head.size && size <= file->head.size - header->e_phoff) {
		*out_phdrs = (const Elf64_Phdr *)(file->head.bytes + header->e_phoff);
		return RL_OK;
	}
	Elf64_Phdr *phdrs = rl_heap_take(size);
	if (phdrs == NULL)
		return RL_NO_MEMORY;
	if (rl_file_read(file, phdrs, size, header->e_phoff) != 0) {
		rl_heap_give(phdrs);
		return RL_FILE_UNREADABLE;
	}
	*out_owned = phdrs;
	*out_phdrs = phdrs;
	return RL_OK;
}

/* Whether segments follow each other page by page, so that mapping them leaves no page of the span to others. */
static bool span_is_dense(const struct rl_mapping *mapping)
{
	uint64_t covered_end = mapping->span.start;
	for (size_t i = 0; i < mapping->phdr_count; i++) {
		const Elf64_Phdr *phdr = &mapping->phdrs[i];
		if (phdr->p_type != PT_LOAD || phdr->p_memsz == 0)
			continue;
		if (rl_page_down(phdr->p_vaddr, mapping->page_size) != covered_end)
			return false;
		covered_end = rl_page_up(phdr->p_vaddr + phdr->p_memsz, mapping->page_size);
	}
	return true;
}

/* Map all segments so that the span ends at BELOW or shortly before.  False: nothing is mapped. */
static bool map_below(struct rl_mapping *mapping, uintptr_t below)
{
	const struct rl_map_span *span = &mapping->span;
	uint64_t size = span->end - span->start;
	if (mapping->file->source != NULL || size > SMALL_SPAN || span->is_fixed || below <= size + span->align
	    || !span_is_dense(mapping))
		return false;
	uintptr_t start = (below - size) & -span->align;
	bool is_contiguous;
	int error;
	mapping->bias = start - span->start;
	mapping->mapped_end = start;
	if (segments_map(mapping, &is_contiguous, &error) == RL_OK)
		return true;
	if (mapping->mapped_end != start)
		rl_sys_unmap(start, mapping->mapped_end - start);
	return false;
}

static enum rl_status map_anywhere(struct rl_mapping *mapping, bool *out_is_contiguous, int *out_error)
{
	long start = reserve(mapping);
	if (rl_sys_is_error(start)) {
		*out_error = (int)-start;
		return RL_MAP_SEGMENT;
	}
	mapping->is_reserved = true;
	mapping->bias = (uintptr_t)start - mapping->span.start;
	enum rl_status status = segments_map(mapping, out_is_contiguous, out_error);
	if (status != RL_OK && placement_of(mapping->file) == NULL)
		rl_sys_unmap((uintptr_t)start, mapping->span.end - mapping->span.start);
	return status;
}

static enum rl_status image_map(struct rl_mapping *mapping, uint64_t file_size, uintptr_t below, struct rl_object *object,
				uint64_t *out_dynamic_vaddr, int *out_error)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)mapping->file->head.bytes;
	RL_TRY(span_find(mapping->phdrs, mapping->phdr_count, file_size, mapping->page_size, &mapping->span));
	mapping->span.is_fixed = header->e_type == ET_EXEC;
	if (mapping->span.is_fixed && mapping->span.start == 0) {
		*out_error = EPERM; /* as the kernel says to all but root */
		return RL_MAP_SEGMENT;
	}
	object->is_contiguous = true;
	if (mapping->memory != NULL) {
		object->is_contiguous = span_is_dense(mapping);
		RL_TRY(mapping->memory->place(mapping, object->path, out_error));
	} else if (!map_below(mapping, below)) {
		RL_TRY(map_anywhere(mapping, &object->is_contiguous, out_error));
	}
	object->map_start = mapping->bias + mapping->span.start;
	object->map_end = mapping->bias + mapping->span.end;
	object->image = rl_image_make(mapping->bias, mapping->phdrs, header->e_phnum);
	enum rl_status status = facts_read(object, mapping->page_size, out_dynamic_vaddr);
	struct rl_placement *placement = placement_of(mapping->file);
	if (status != RL_OK) {
		if (placement == NULL)
			rl_memory_release(mapping->memory, object->map_start, object->map_end - object->map_start);
		object->map_start = object->map_end = 0;
		return status;
	}
	object->owns_map = true;
	object->placement = placement;
	if (placement != NULL)
		placement->is_taken = true;
	object->entry = mapping->bias + header->e_entry;
	return RL_OK;
}

enum rl_status rl_map_file(const struct rl_file *file, uint64_t file_size, size_t page_size, uintptr_t below,
			   struct rl_object *object, uint64_t *out_dynamic_vaddr, int *out_error)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file->head.bytes;
	const struct rl_placement *placement = placement_of(file);
	if (placement != NULL)
		object->memory = NULL; /* the place was found already */
	struct rl_mapping mapping = {.file = file,
				     .phdr_count = header->e_phnum - (placement == NULL ? 0 : placement->count),
				     .page_size = page_size,
				     .memory = object->memory};
	Elf64_Phdr *owned = NULL;
	enum rl_status status = phdrs_read(file, header, &owned, &mapping.phdrs);
	if (status == RL_OK)
		status = image_map(&mapping, file_size, below, object, out_dynamic_vaddr, out_error);
	if (status != RL_OK) {
		rl_heap_give(owned);
		return status;
	}
	object->phdr = phdrs_in_image(&mapping, header->e_phoff);
	if (object->phdr == NULL) {
		if (owned == NULL) {
			size_t size = header->e_phnum * sizeof(Elf64_Phdr);
			owned = rl_heap_take(size);
			if (owned == NULL)
				return RL_NO_MEMORY;
			memcpy(owned, mapping.phdrs, size);
		}
		object->phdr = owned;
		object->owns_phdr = true;
	} else {
		rl_heap_give(owned);
	}
	object->image.phdrs = object->phdr;
	return RL_OK;
}

enum rl_status rl_map_adopt(const Elf64_Phdr *phdrs, size_t count, uintptr_t bias, size_t page_size,
			    struct rl_object *object, uint64_t *out_dynamic_vaddr)
{
	object->image = rl_image_make(bias, phdrs, count);
	object->phdr = phdrs;
	uint64_t start = UINT64_MAX, end = 0, covered_end = 0;
	object->is_contiguous = true;
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr *phdr = &phdrs[i];
		if (phdr->p_type != PT_LOAD || phdr->p_memsz == 0)
			continue;
		if (start == UINT64_MAX)
			start = rl_page_down(phdr->p_vaddr, page_size);
		else if (rl_page_down(phdr->p_vaddr, page_size) > covered_end)
			object->is_contiguous = false;
		covered_end = rl_page_up(phdr->p_vaddr + phdr->p_memsz, page_size);
		if (phdr->p_vaddr + phdr->p_memsz > end)
			end = phdr->p_vaddr + phdr->p_memsz;
	}
	if (start == UINT64_MAX)
		return RL_SEGMENT_NONE;
	object->map_start = bias + start;
	object->map_end = rl_page_up(bias + end, page_size);
	return facts_read(object, page_size, out_dynamic_vaddr);
}
