/* Making it so: one stretch of addresses is reserved for the files that have placed parts and for the arenas, so
 * that all distances are known; each file is repaired for its place in a copy; the parts are copied to the arenas;
 * and the engine is told where the rest of each file is to be mapped.  The parts are program headers of their own,
 * so that whoever looks for an address, or checks one, finds them (policy.h, struct rl_placement). */
#include <string.h>
#include <sys/mman.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "repair.h"

enum { HUGE_PAGE = 2 << 20, TRAP = 0xcc, HUGE_SHIFT = 26, SPAN_LIMIT = 1 << 30 };

static uint64_t round_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & -align;
}

static relink_status map_fail(const char *file, long result, relink_error *error)
{
	(void)rl_error_plain(error, RELINK_E_MAP, file);
	if (error != NULL)
		error->error_number = (int)-result;
	return RELINK_E_MAP;
}

static void memory_release(struct rl_arena_memory *memory)
{
	if (--memory->uses != 0)
		return;
	rl_sys_unmap(memory->address, memory->size);
	rl_heap_give(memory);
}

static void memories_release(struct rl_member_placement *own)
{
	for (size_t i = 0; own->memories[i] != NULL; i++)
		memory_release(own->memories[i]);
	if (own->frames != NULL)
		memory_release(own->frames);
	rl_heap_give(own->frame_tables);
}

/* The object has gone.  Under the lock. */
static void placement_drop(struct rl_placement *placement)
{
	struct rl_member_placement *own = (struct rl_member_placement *)placement;
	memories_release(own);
	own->is_dropped = true;
	if (own->is_settled)
		rl_heap_give(own);
}

/* ---- Addresses ---- */

/* The pages from the first PT_LOAD to the last, as mapping them finds it, and their alignment. */
static relink_status span_find(const struct rl_member *member, uint64_t *out_start, uint64_t *out_size,
			       uint64_t *out_align, relink_error *error)
{
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	const Elf64_Phdr *phdrs = info->program_headers;
	uint64_t page = rl_engine.linker.page_size, start = UINT64_MAX, end = 0, align = page;
	for (size_t i = 0; i < info->program_header_count; i++) {
		if (phdrs[i].p_type != PT_LOAD || phdrs[i].p_memsz == 0)
			continue;
		if (phdrs[i].p_vaddr < end || phdrs[i].p_vaddr > SPAN_LIMIT || phdrs[i].p_memsz > SPAN_LIMIT)
			return rl_error_plain(error, RELINK_E_PHDR_MALFORMED, info->name);
		if (start == UINT64_MAX)
			start = phdrs[i].p_vaddr & -page;
		end = phdrs[i].p_vaddr + phdrs[i].p_memsz;
		if (phdrs[i].p_align > align && phdrs[i].p_align <= SPAN_LIMIT
		    && (phdrs[i].p_align & (phdrs[i].p_align - 1)) == 0)
			align = phdrs[i].p_align;
	}
	if (end == 0)
		return rl_error_plain(error, RELINK_E_PHDR_NONE, info->name);
	*out_start = start;
	*out_size = round_up(end, page) - start;
	*out_align = align;
	return RELINK_OK;
}

/* What is to be reserved, and then, from where on it has been given out. */
struct stretch {
	uintptr_t start, end, next;
};

/* SIZE bytes aligned to ALIGN of what is left; pages between are given back. */
static uintptr_t stretch_take(struct stretch *stretch, uint64_t size, uint64_t align)
{
	uintptr_t start = round_up(stretch->next, align);
	if (start != stretch->next)
		rl_sys_unmap(stretch->next, start - stretch->next);
	stretch->next = start + size;
	return start;
}

static struct rl_arena_memory *memory_make(size_t size)
{
	struct rl_arena_memory *memory = rl_heap_take(sizeof *memory);
	if (memory != NULL)
		*memory = (struct rl_arena_memory){.size = size, .uses = 1};
	return memory;
}

/* Room for the unwind records of what is placed, with the common entries that they share repeated. */
static size_t frames_room(const struct rl_member *member)
{
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	const Elf64_Shdr *sections = info->sections;
	uint64_t size = member->piece_count * sizeof(uint64_t);
	for (size_t i = 0; i < info->section_count; i++)
		if (strcmp(relink_scan_section_name(member->scan, i), ".eh_frame") == 0
		    && sections[i].sh_size <= info->size)
			size += sections[i].sh_size * 3;
	return round_up(size, rl_engine.linker.page_size);
}

static relink_status memories_list(struct relink_closure *closure, struct rl_member *member, relink_error *error)
{
	size_t count = 0;
	for (relink_arena *arena = closure->arenas; arena != NULL; arena = arena->next)
		count++;
	struct rl_member_placement *own = rl_heap_take(sizeof *own + (count + 1) * sizeof own->memories[0]);
	if (own == NULL)
		return rl_error_plain(error, RELINK_E_MEMORY, member->as_object->path);
	own->placement.drop = placement_drop;
	member->placement = own;
	own->frames = memory_make(frames_room(member));
	return own->frames != NULL ? RELINK_OK : rl_error_plain(error, RELINK_E_MEMORY, member->as_object->path);
}

/* Arenas that have something, and the files it is from, get their sizes, and *size grows to what is enough for all. */
static relink_status sizes_find(struct relink_closure *closure, uint64_t *size, relink_error *error)
{
	for (size_t i = 0; i < closure->count; i++) {
		struct rl_member *member = &closure->members[i];
		uint64_t span = 0, align = 0;
		if (member->piece_count == 0)
			continue;
		relink_status status = memories_list(closure, member, error);
		if (status == RELINK_OK)
			status = span_find(member, &member->placement->span_start, &span, &align, error);
		if (status != RELINK_OK)
			return status;
		member->placement->placement.size = span;
		member->placement->placement.address = align; /* for now */
		*size += span + align + member->placement->frames->size;
	}
	for (relink_arena *arena = closure->arenas; arena != NULL; arena = arena->next) {
		if (arena->used == 0)
			continue;
		arena->memory = memory_make(round_up(arena->used, arena->page_size));
		if (arena->memory == NULL)
			return rl_error_plain(error, RELINK_E_MEMORY, "");
		*size += arena->memory->size + arena->page_size;
	}
	return RELINK_OK;
}

/* A failure before this has nothing to unmap: sizes go with addresses. */
static void reservation_forget(struct relink_closure *closure)
{
	for (size_t i = 0; i < closure->count; i++)
		if (closure->members[i].placement != NULL) {
			closure->members[i].placement->placement.size = 0;
			if (closure->members[i].placement->frames != NULL)
				closure->members[i].placement->frames->size = 0;
		}
	for (relink_arena *arena = closure->arenas; arena != NULL; arena = arena->next)
		if (arena->memory != NULL)
			arena->memory->size = 0;
}

static relink_status addresses_find(struct relink_closure *closure, relink_error *error)
{
	uint64_t size = 0;
	relink_status status = sizes_find(closure, &size, error);
	long start = status == RELINK_OK
			     ? rl_sys_map(0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
			     : 0;
	if (status == RELINK_OK && rl_sys_is_error(start))
		status = map_fail(closure->members[0].as_object->path, start, error);
	if (status != RELINK_OK) {
		reservation_forget(closure);
		return status;
	}
	struct stretch stretch = {(uintptr_t)start, (uintptr_t)start + size, (uintptr_t)start};
	for (size_t i = 0; i < closure->count; i++) {
		struct rl_member_placement *own = closure->members[i].placement;
		if (own == NULL)
			continue;
		own->placement.address = stretch_take(&stretch, own->placement.size, own->placement.address);
		own->frames->address = stretch_take(&stretch, own->frames->size, 1);
	}
	for (relink_arena *arena = closure->arenas; arena != NULL; arena = arena->next)
		if (arena->memory != NULL)
			arena->memory->address = stretch_take(&stretch, arena->memory->size, arena->page_size);
	if (stretch.next != stretch.end)
		rl_sys_unmap(stretch.next, stretch.end - stretch.next);
	return RELINK_OK;
}

/* ---- Images ---- */

static uintptr_t bias_of(const struct rl_member *member)
{
	return member->placement->placement.address - member->placement->span_start;
}

/* The member's pieces by their new places, those that follow each other as one. */
static bool runs_find(const struct rl_member *member, struct rl_marks *runs)
{
	struct rl_marks all = {0};
	bool is_done = true;
	for (size_t i = 0; i < member->piece_count && is_done; i++)
		is_done = rl_mark_add(&all, member->pieces[i].to, i, 0);
	rl_marks_sort(&all);
	const struct rl_moved *last = NULL;
	for (size_t i = 0; i < all.count && is_done; i++) {
		const struct rl_moved *piece = &member->pieces[all.items[i].target];
		uint64_t end = last == NULL ? 0 : last->to + last->size;
		bool goes_on = last != NULL && last->arena == piece->arena
			       && (piece->arena->has_gaps ? end : round_up(end, piece->align)) == piece->to;
		if (goes_on)
			runs->items[runs->count - 1].target = piece->to + piece->size;
		else
			is_done = rl_mark_add(runs, piece->to, piece->to + piece->size, piece->arena->memory_class);
		last = piece;
	}
	rl_heap_give(all.items);
	return is_done;
}

/* Behind the file's bytes: its program headers, and one for each run of pieces. */
static void headers_write(struct rl_member *member, const struct rl_marks *runs)
{
	static const uint32_t flags[] = {
		[RELINK_CODE] = PF_R | PF_X, [RELINK_READ_ONLY] = PF_R, [RELINK_WRITABLE] = PF_R | PF_W};
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	size_t count = info->program_header_count;
	Elf64_Ehdr *header = (Elf64_Ehdr *)member->image;
	Elf64_Phdr *phdrs = (Elf64_Phdr *)(member->image + round_up(info->size, 8));
	memcpy(phdrs, info->program_headers, count * sizeof *phdrs);
	for (size_t i = 0; i < count; i++)
		if (phdrs[i].p_type == PT_PHDR)
			phdrs[i].p_type = PT_NULL;
	for (size_t i = 0; i < runs->count; i++) {
		const struct rl_mark *run = &runs->items[i];
		phdrs[count + i] = (Elf64_Phdr){.p_type = PT_LOAD,
						.p_flags = flags[run->distance],
						.p_vaddr = run->place,
						.p_paddr = run->place,
						.p_filesz = run->target - run->place,
						.p_memsz = run->target - run->place,
						.p_align = 1};
	}
	*header = *(const Elf64_Ehdr *)info->header;
	header->e_phoff = round_up(info->size, 8);
	header->e_phnum = (Elf64_Half)(count + runs->count);
	member->placement->placement.count = runs->count;
}

static relink_status image_make(struct rl_member *member, relink_error *error)
{
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	struct rl_marks runs = {0};
	uint64_t head = round_up(info->size, 8);
	bool is_done = runs_find(member, &runs) && info->program_header_count + runs.count < PN_XNUM;
	if (is_done) {
		member->image_size = head + (info->program_header_count + runs.count) * sizeof(Elf64_Phdr);
		member->image = rl_heap_take(member->image_size);
		member->frames = rl_heap_take(member->placement->frames->size);
		member->placement->frame_tables = rl_heap_take((runs.count + 1) * sizeof(uintptr_t));
		is_done = member->image != NULL && member->frames != NULL && member->placement->frame_tables != NULL;
	}
	relink_status status = RELINK_E_MEMORY;
	if (is_done) {
		memcpy(member->image, member->bytes, info->size);
		headers_write(member, &runs);
		status = rl_member_repair(member, bias_of(member), &runs, error);
	}
	rl_heap_give(runs.items);
	return is_done ? status : rl_error_plain(error, RELINK_E_MEMORY, info->name);
}

/* ---- Arenas ---- */

static long arena_map(const relink_arena *arena, int flags)
{
	return rl_sys_map(arena->memory->address, arena->memory->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);
}

/* Pages from the pool.  First elsewhere: a failure would leave a hole in what is reserved. */
static long pool_map(const relink_arena *arena)
{
	int flags = MAP_HUGETLB | __builtin_ctzl(arena->page_size) << HUGE_SHIFT;
	long trial =
		rl_sys_map(0, arena->memory->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
	if (rl_sys_is_error(trial))
		return trial;
	rl_sys_unmap((uintptr_t)trial, arena->memory->size);
	return arena_map(arena, flags);
}

/* The unwind records get their memory. */
static relink_status frames_fill(const struct rl_member *member, relink_error *error)
{
	const struct rl_arena_memory *memory = member->placement->frames;
	long result = rl_sys_protect(memory->address, memory->size, PROT_READ | PROT_WRITE);
	if (rl_sys_is_error(result))
		return map_fail(member->as_object->path, result, error);
	memcpy((void *)memory->address, member->frames, memory->size);
	result = rl_sys_protect(memory->address, memory->size, PROT_READ);
	return rl_sys_is_error(result) ? map_fail(member->as_object->path, result, error) : RELINK_OK;
}

/* Memory for an arena that can be written. */
static relink_status arena_make(relink_arena *arena, relink_error *error)
{
	enum { HUGE_ADVICE = 14 /* MADV_HUGEPAGE */ };
	long result = -1;
	if (arena->flags & (RELINK_ARENA_POOL | RELINK_ARENA_POOL_ONLY))
		result = pool_map(arena);
	if (rl_sys_is_error(result)) {
		if (arena->flags & RELINK_ARENA_POOL_ONLY)
			return map_fail(arena->closure->members[0].as_object->path, result, error);
		result = arena_map(arena, 0);
		if (rl_sys_is_error(result))
			return map_fail(arena->closure->members[0].as_object->path, result, error);
		if (arena->page_size >= HUGE_PAGE)
			rl_syscall3(SYS_madvise, (long)arena->memory->address, (long)arena->memory->size, HUGE_ADVICE);
	}
	arena->address = arena->memory->address;
	arena->size = arena->memory->size;
	return RELINK_OK;
}

/* Copy the member's pieces.  What stays behind is nobody's: code there would trap. */
static void pieces_copy(struct rl_member *member)
{
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	for (size_t i = 0; i < member->piece_count; i++) {
		const struct rl_moved *piece = &member->pieces[i];
		const Elf64_Shdr *section = (const Elf64_Shdr *)info->sections + piece->section;
		uint64_t offset;
		if (section->sh_type == SHT_NOBITS || !rl_scan_offset(member->scan, piece->start, piece->size, &offset)
		    || offset > info->size || piece->size > info->size - offset)
			continue;
		memcpy((void *)(piece->arena->address + piece->offset), member->image + offset, piece->size);
		memset(member->image + offset, piece->arena->memory_class == RELINK_CODE ? TRAP : 0, piece->size);
	}
}

static relink_status arena_seal(const relink_arena *arena, relink_error *error)
{
	int protection = arena->memory_class == RELINK_CODE ? PROT_READ | PROT_EXEC : PROT_READ;
	if (arena->memory_class == RELINK_WRITABLE)
		return RELINK_OK;
	long result = rl_sys_protect(arena->address, arena->size, protection);
	return rl_sys_is_error(result) ? map_fail(arena->closure->members[0].as_object->path, result, error) : RELINK_OK;
}

/* The object that is made of the member keeps the arenas that it has parts in. */
static void memories_take(struct relink_closure *closure, struct rl_member *member)
{
	size_t count = 0;
	for (relink_arena *arena = closure->arenas; arena != NULL; arena = arena->next) {
		bool is_used = false;
		for (size_t i = 0; i < member->piece_count && !is_used; i++)
			is_used = member->pieces[i].arena == arena;
		if (is_used) {
			arena->memory->uses++;
			member->placement->memories[count++] = arena->memory;
		}
	}
}

static relink_status arenas_fill(struct relink_closure *closure, relink_error *error)
{
	relink_status status = RELINK_OK;
	for (relink_arena *arena = closure->arenas; arena != NULL && status == RELINK_OK; arena = arena->next)
		if (arena->memory != NULL)
			status = arena_make(arena, error);
	for (size_t i = 0; i < closure->count && status == RELINK_OK; i++)
		if (closure->members[i].placement != NULL) {
			memories_take(closure, &closure->members[i]);
			pieces_copy(&closure->members[i]);
			status = frames_fill(&closure->members[i], error);
		}
	for (relink_arena *arena = closure->arenas; arena != NULL && status == RELINK_OK; arena = arena->next)
		if (arena->memory != NULL)
			status = arena_seal(arena, error);
	return status;
}

relink_status rl_layout_make(struct relink_closure *closure, relink_error *error)
{
	bool is_needed = false;
	for (size_t i = 0; i < closure->count; i++)
		is_needed |= closure->members[i].piece_count != 0;
	if (!is_needed)
		return RELINK_OK;
	relink_status status = addresses_find(closure, error);
	for (size_t i = 0; i < closure->count && status == RELINK_OK; i++) {
		struct rl_member *member = &closure->members[i];
		for (size_t j = 0; j < member->piece_count; j++) {
			struct rl_moved *piece = &member->pieces[j];
			piece->to = piece->arena->memory->address + piece->offset - bias_of(member);
		}
		if (member->placement != NULL)
			status = image_make(member, error);
	}
	return status == RELINK_OK ? arenas_fill(closure, error) : status;
}

static void member_end(struct rl_member *member)
{
	struct rl_member_placement *own = member->placement;
	rl_heap_give(member->image);
	rl_heap_give(member->frames);
	member->image = member->frames = NULL;
	member->placement = NULL;
	if (own == NULL)
		return;
	if (!own->placement.is_taken) {
		if (own->placement.size != 0)
			rl_sys_unmap(own->placement.address, own->placement.size);
		memories_release(own);
	}
	if (!own->placement.is_taken || own->is_dropped)
		rl_heap_give(own);
	else
		own->is_settled = true;
}

void rl_layout_end(struct relink_closure *closure)
{
	for (size_t i = 0; i < closure->count; i++)
		member_end(&closure->members[i]);
	for (relink_arena *arena = closure->arenas; arena != NULL; arena = arena->next) {
		if (arena->memory != NULL)
			memory_release(arena->memory);
		arena->memory = NULL;
		if (!closure->is_loaded) {
			arena->address = 0;
			arena->size = 0;
		}
	}
}
