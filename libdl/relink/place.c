/* Saying where sections and functions of a closure shall lie: arenas, and the pieces of files that go to them.  Only
 * what is asked for is noted here; layout.c makes it so. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "closure.h"

enum { LEAST_PAGE = 4096, MOST_PAGE = 1 << 30, HUGE_PAGE = 2 << 20, ARENA_LIMIT = 1 << 30 };

relink_status relink_arena_new(relink_closure *closure, relink_content memory, size_t page_size, unsigned flags,
			       relink_arena **out_arena, relink_error *error)
{
	const unsigned all_flags = RELINK_ARENA_PRIVATE | RELINK_ARENA_POOL | RELINK_ARENA_POOL_ONLY;
	if (closure == NULL || out_arena == NULL || (unsigned)memory > RELINK_WRITABLE || (flags & ~all_flags)
	    || page_size < LEAST_PAGE || page_size > MOST_PAGE || (page_size & (page_size - 1)) != 0)
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	relink_arena *arena = rl_heap_take(sizeof *arena);
	if (arena == NULL)
		return rl_error_plain(error, RELINK_E_MEMORY, "");
	size_t least = rl_engine.linker.page_size;
	*arena = (relink_arena){.closure = closure,
				.memory_class = memory,
				.page_size = page_size < least ? least : page_size,
				.flags = flags};
	*closure->arenas_end = arena;
	closure->arenas_end = &arena->next;
	*out_arena = arena;
	return RELINK_OK;
}

void relink_arena_get_info(const relink_arena *arena, relink_arena_info *out_info)
{
	*out_info = (relink_arena_info){.memory = arena->memory_class,
					.page_size = arena->page_size,
					.used = arena->used,
					.address = (void *)arena->address,
					.size = arena->size};
}

void rl_places_drop(struct relink_closure *closure)
{
	for (relink_arena *arena = closure->arenas, *next; arena != NULL; arena = next) {
		next = arena->next;
		rl_heap_give(arena);
	}
}

/* ---- What may be moved ---- */

static bool has_text_relocations(const relink_scan_info *info)
{
	const Elf64_Dyn *entries = info->dynamic;
	for (size_t i = 0; i < info->dynamic_count; i++)
		if (entries[i].d_tag == DT_TEXTREL)
			return true;
	return (info->flags & DF_TEXTREL) != 0;
}

static bool is_movable(const relink_scan_info *info)
{
	return RL_PORT_MACHINE == EM_X86_64 && info->is_relinkable && info->dynamic != NULL
	       && ((const Elf64_Ehdr *)info->header)->e_type == ET_DYN && !has_text_relocations(info);
}

/* What the link editor made, and refers to without relocations. */
static bool is_linker_made(const char *name)
{
	static const char *const names[] = {".plt",     ".got",  ".interp",        ".eh_frame",
					    ".dynamic", ".iplt", ".tm_clone_table"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static relink_content memory_of(const Elf64_Shdr *section)
{
	return section->sh_flags & SHF_WRITE       ? RELINK_WRITABLE
	       : section->sh_flags & SHF_EXECINSTR ? RELINK_CODE
						   : RELINK_READ_ONLY;
}

/* What is sealed when it is relocated stays where that can be done. */
static bool is_sealed(const relink_scan_info *info, const Elf64_Shdr *section)
{
	const Elf64_Phdr *phdrs = info->program_headers;
	for (size_t i = 0; i < info->program_header_count; i++)
		if (phdrs[i].p_type == PT_GNU_RELRO && section->sh_addr < phdrs[i].p_vaddr + phdrs[i].p_memsz
		    && phdrs[i].p_vaddr < section->sh_addr + section->sh_size)
			return true;
	return false;
}

static bool section_is_movable(const relink_scan *scan, size_t index)
{
	enum { LIMIT = 1 << 30, ALIGN_LIMIT = 1 << 21 };
	const relink_scan_info *info = relink_scan_get_info(scan);
	const Elf64_Shdr *section = (const Elf64_Shdr *)info->sections + index;
	uint64_t align = section->sh_addralign, offset;
	return (section->sh_type == SHT_PROGBITS || section->sh_type == SHT_NOBITS) && (section->sh_flags & SHF_ALLOC)
	       && !(section->sh_flags & SHF_TLS) && section->sh_size != 0 && section->sh_size <= LIMIT
	       && section->sh_addr + section->sh_size > section->sh_addr && align <= ALIGN_LIMIT
	       && (align & (align - 1)) == 0
	       && (section->sh_flags & (SHF_WRITE | SHF_EXECINSTR)) != (SHF_WRITE | SHF_EXECINSTR)
	       && !is_linker_made(relink_scan_section_name(scan, index)) && !is_sealed(info, section)
	       && (section->sh_type == SHT_NOBITS || rl_scan_offset(scan, section->sh_addr, section->sh_size, &offset));
}

/* ---- Pieces ---- */

static bool overlaps(uint64_t start, uint64_t size, uint64_t other, uint64_t other_size)
{
	return start < other + other_size && other < start + size;
}

/* Whether SIZE bytes at OFFSET of ARENA are free, but for PIECE; and whose the arena is. */
static bool is_free(const relink_arena *arena, const struct rl_member *member, const struct rl_moved *piece,
		    uint64_t offset)
{
	const struct relink_closure *closure = arena->closure;
	for (size_t i = 0; i < closure->count; i++)
		for (size_t j = 0; j < closure->members[i].piece_count; j++) {
			const struct rl_moved *other = &closure->members[i].pieces[j];
			if (other->arena != arena || (&closure->members[i] == member && other->start == piece->start))
				continue;
			if (overlaps(offset, piece->size, other->offset, other->size)
			    || ((arena->flags & RELINK_ARENA_PRIVATE) && &closure->members[i] != member))
				return false;
		}
	return true;
}

static void used_renew(relink_arena *arena)
{
	arena->used = 0;
	for (size_t i = 0; i < arena->closure->count; i++)
		for (size_t j = 0; j < arena->closure->members[i].piece_count; j++) {
			const struct rl_moved *piece = &arena->closure->members[i].pieces[j];
			if (piece->arena == arena && piece->offset + piece->size > arena->used)
				arena->used = piece->offset + piece->size;
		}
}

/* Where among the pieces one that begins at START is, or would be. */
static size_t piece_index(const struct rl_member *member, uint64_t start)
{
	size_t low = 0, high = member->piece_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (member->pieces[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void piece_remove(struct rl_member *member, size_t index)
{
	relink_arena *arena = member->pieces[index].arena;
	member->piece_count--;
	memmove(&member->pieces[index], &member->pieces[index + 1],
		(member->piece_count - index) * sizeof member->pieces[0]);
	used_renew(arena);
}

static bool piece_insert(struct rl_member *member, size_t index, const struct rl_moved *piece)
{
	struct rl_moved *pieces =
		rl_heap_room(member->pieces, member->piece_count, &member->piece_capacity, sizeof *pieces, 16);
	if (pieces == NULL)
		return false;
	member->pieces = pieces;
	memmove(&member->pieces[index + 1], &member->pieces[index],
		(member->piece_count - index) * sizeof member->pieces[0]);
	member->pieces[index] = *piece;
	member->piece_count++;
	if (piece->offset + piece->size > piece->arena->used)
		piece->arena->used = piece->offset + piece->size;
	return true;
}

/* PIECE, whose offset is as the caller has it, instead of the same one placed before. */
static relink_status piece_place(struct rl_member *member, struct rl_moved *piece)
{
	size_t index = piece_index(member, piece->start);
	bool is_there = index < member->piece_count && member->pieces[index].start == piece->start
			&& member->pieces[index].size == piece->size
			&& member->pieces[index].is_whole == piece->is_whole;
	if (piece->arena == NULL) {
		if (is_there)
			piece_remove(member, index);
		return RELINK_OK;
	}
	size_t next = index + is_there;
	if ((index > 0
	     && overlaps(piece->start, piece->size, member->pieces[index - 1].start, member->pieces[index - 1].size))
	    || (next < member->piece_count
		&& overlaps(piece->start, piece->size, member->pieces[next].start, member->pieces[next].size)))
		return RELINK_E_ARGUMENT;
	bool is_next = piece->offset == RELINK_NEXT;
	if (is_next)
		piece->offset = (piece->arena->used + piece->align - 1) & -piece->align;
	if ((piece->offset & (piece->align - 1)) != 0 || piece->offset > ARENA_LIMIT - piece->size)
		return RELINK_E_ARGUMENT;
	if ((!is_next || (piece->arena->flags & RELINK_ARENA_PRIVATE))
	    && !is_free(piece->arena, member, piece, piece->offset))
		return RELINK_E_ARGUMENT;
	struct rl_moved old = is_there ? member->pieces[index] : (struct rl_moved){0};
	if (is_there)
		member->pieces[index] = *piece;
	else if (!piece_insert(member, index, piece))
		return RELINK_E_MEMORY;
	if (is_there) {
		used_renew(piece->arena);
		used_renew(old.arena);
	}
	piece->arena->has_gaps |= !is_next;
	return RELINK_OK;
}

/* Place PIECE if its section may go to ARENA; SYMBOL: of a function. */
static relink_status piece_check(struct relink_closure *closure, size_t module, struct rl_moved *piece,
				 const char *symbol, relink_error *error)
{
	struct rl_member *member = &closure->members[module];
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	const Elf64_Shdr *section = (const Elf64_Shdr *)info->sections + piece->section;
	if (!section_is_movable(member->scan, piece->section)
	    || (piece->arena != NULL && memory_of(section) != piece->arena->memory_class))
		return rl_closure_fail(error, RELINK_E_UNMOVABLE, info->name,
				       symbol != NULL ? symbol : relink_scan_section_name(member->scan, piece->section),
				       0);
	relink_status status = rl_member_bytes(member, error);
	if (status != RELINK_OK)
		return status;
	status = piece_place(member, piece);
	return status == RELINK_OK ? status
				   : rl_closure_fail(error, status, info->name, symbol != NULL ? symbol : "", 0);
}

/* What is wrong with the arguments of both functions. */
static relink_status arguments_check(const relink_closure *closure, size_t module, const relink_arena *arena,
				     relink_error *error)
{
	const relink_scan *scan = relink_closure_scan(closure, module);
	if (scan == NULL || closure->is_loaded || (arena != NULL && arena->closure != closure))
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	const relink_scan_info *info = relink_scan_get_info(scan);
	return is_movable(info) ? RELINK_OK : rl_error_plain(error, RELINK_E_UNMOVABLE, info->name);
}

relink_status relink_place_section(relink_closure *closure, size_t module, size_t section, relink_arena *arena,
				   uint64_t offset, relink_error *error)
{
	relink_status status = arguments_check(closure, module, arena, error);
	if (status != RELINK_OK)
		return status;
	const relink_scan_info *info = relink_scan_get_info(closure->members[module].scan);
	if (section == 0 || section >= info->section_count)
		return rl_error_plain(error, RELINK_E_ARGUMENT, info->name);
	const Elf64_Shdr *header = (const Elf64_Shdr *)info->sections + section;
	struct rl_moved piece = {.start = header->sh_addr,
				 .size = header->sh_size,
				 .section = section,
				 .is_whole = true,
				 .align = header->sh_addralign < 1 ? 1 : header->sh_addralign,
				 .offset = offset,
				 .arena = arena};
	return piece_check(closure, module, &piece, NULL, error);
}

/* The function NAME in table SYMBOLS of a member, whose bytes are there. */
static relink_status function_find(const struct rl_member *member, const Elf64_Shdr *symbols, const char *name,
				   Elf64_Sym *out_symbol)
{
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	const Elf64_Shdr *sections = info->sections;
	const Elf64_Shdr *strings = symbols->sh_link < info->section_count ? &sections[symbols->sh_link] : symbols;
	size_t size = strlen(name) + 1;
	relink_status status = RELINK_E_SYMBOL;
	if (symbols->sh_offset > info->size || symbols->sh_size > info->size - symbols->sh_offset
	    || strings->sh_offset > info->size || strings->sh_size > info->size - strings->sh_offset)
		return RELINK_E_OBJECT_MALFORMED;
	for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols->sh_size; at += sizeof(Elf64_Sym)) {
		Elf64_Sym symbol;
		memcpy(&symbol, member->bytes + symbols->sh_offset + at, sizeof symbol);
		if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF
		    || symbol.st_shndx >= info->section_count || size > strings->sh_size
		    || symbol.st_name > strings->sh_size - size
		    || memcmp(member->bytes + strings->sh_offset + symbol.st_name, name, size) != 0)
			continue;
		if (status == RELINK_OK && symbol.st_value != out_symbol->st_value)
			return RELINK_E_LINK_TWICE;
		*out_symbol = symbol;
		status = RELINK_OK;
	}
	return status;
}

relink_status relink_place_function(relink_closure *closure, size_t module, const char *name, relink_arena *arena,
				    uint64_t offset, relink_error *error)
{
	enum { MOST_ALIGN = 64 };
	relink_status status = name == NULL ? rl_error_plain(error, RELINK_E_ARGUMENT, "")
					    : arguments_check(closure, module, arena, error);
	if (status == RELINK_OK)
		status = rl_member_bytes(&closure->members[module], error);
	if (status != RELINK_OK)
		return status;
	const struct rl_member *member = &closure->members[module];
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	const Elf64_Shdr *sections = info->sections;
	Elf64_Sym symbol;
	size_t table = 0;
	while (table < info->section_count && sections[table].sh_type != SHT_SYMTAB)
		table++;
	status =
		table == info->section_count ? RELINK_E_SYMBOL : function_find(member, &sections[table], name, &symbol);
	if (status != RELINK_OK)
		return rl_closure_fail(error, status, info->name, name, 0);
	const Elf64_Shdr *section = &sections[symbol.st_shndx];
	uint64_t align = symbol.st_value & -symbol.st_value;
	struct rl_moved piece = {.start = symbol.st_value,
				 .size = symbol.st_size,
				 .section = symbol.st_shndx,
				 .align = align > MOST_ALIGN || align == 0 ? MOST_ALIGN : align,
				 .offset = offset,
				 .arena = arena};
	if ((section->sh_flags & SHF_EXECINSTR) == 0 || symbol.st_size == 0 || symbol.st_value < section->sh_addr
	    || symbol.st_size > section->sh_size
	    || symbol.st_value - section->sh_addr > section->sh_size - symbol.st_size)
		return rl_closure_fail(error, RELINK_E_UNMOVABLE, info->name, name, 0);
	return piece_check(closure, module, &piece, name, error);
}

/* Whether a section goes to an arena of KIND by itself: it is big, and nothing of it is placed. */
static bool is_packed(const struct rl_member *member, size_t index, relink_content memory)
{
	const Elf64_Shdr *section = (const Elf64_Shdr *)relink_scan_get_info(member->scan)->sections + index;
	const char *name = relink_scan_section_name(member->scan, index),
		   *wanted = memory == RELINK_CODE ? ".text" : ".rodata";
	size_t next = piece_index(member, section->sh_addr);
	return memory_of(section) == memory && strncmp(name, wanted, strlen(wanted)) == 0
	       && section_is_movable(member->scan, index)
	       && (next == member->piece_count
		   || !overlaps(section->sh_addr, section->sh_size, member->pieces[next].start,
				member->pieces[next].size));
}

relink_status relink_place_all(relink_closure *closure, relink_error *error)
{
	relink_status status = RELINK_OK;
	if (closure == NULL || closure->is_loaded)
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	for (relink_content memory = RELINK_CODE; memory <= RELINK_READ_ONLY; memory++) {
		relink_arena *arena;
		status = relink_arena_new(closure, memory, HUGE_PAGE, 0, &arena, error);
		for (size_t i = 0; i < closure->count && status == RELINK_OK; i++) {
			const relink_scan_info *info = relink_scan_get_info(closure->members[i].scan);
			for (size_t j = 1; is_movable(info) && j < info->section_count && status == RELINK_OK; j++)
				if (is_packed(&closure->members[i], j, memory))
					status = relink_place_section(closure, i, j, arena, RELINK_NEXT, error);
		}
	}
	return status;
}
