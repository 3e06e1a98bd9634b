/* Repairing a file whose sections move: addresses in its dynamic section, its dynamic relocations and its symbol
 * table, and what other parts repair (retained.c, repair_frames.c).  All happens in a copy of the file's bytes.
 * What is moved is found by section where a relocation or a symbol names one, since an address may be one section's
 * end and another's start. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "repair.h"

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif

bool rl_mark_add(struct rl_marks *marks, uint64_t place, uint64_t target, uint64_t distance)
{
	struct rl_mark *items = rl_heap_room(marks->items, marks->count, &marks->capacity, sizeof *items, 64);
	if (items == NULL)
		return false;
	marks->items = items;
	marks->items[marks->count++] = (struct rl_mark){place, target, distance};
	return true;
}

/* By place.  They mostly come sorted, in a few runs. */
void rl_marks_sort(struct rl_marks *marks)
{
	size_t gap = 1;
	while (gap < marks->count / 3)
		gap = gap * 3 + 1;
	for (; gap > 0; gap /= 3)
		for (size_t i = gap; i < marks->count; i++) {
			struct rl_mark mark = marks->items[i];
			size_t at = i;
			for (; at >= gap && marks->items[at - gap].place > mark.place; at -= gap)
				marks->items[at] = marks->items[at - gap];
			marks->items[at] = mark;
		}
}

const struct rl_mark *rl_mark_before(const struct rl_marks *marks, uint64_t place)
{
	size_t low = 0, high = marks->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (marks->items[middle].place <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &marks->items[low - 1];
}

relink_status rl_repair_fail(const struct rl_repair *r, relink_status status, unsigned value)
{
	return rl_closure_fail(r->error, status, r->info->name, "", value);
}

void *rl_repair_at(const struct rl_repair *r, uint64_t vaddr, uint64_t size)
{
	uint64_t offset;
	if (!rl_scan_offset(r->member->scan, vaddr, size, &offset) || offset > r->info->size
	    || size > r->info->size - offset)
		return NULL;
	return r->member->image + offset;
}

static const struct rl_moved *piece_at(const struct rl_repair *r, uint64_t vaddr)
{
	size_t low = 0, high = r->member->piece_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (r->member->pieces[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	const struct rl_moved *piece = low == 0 ? NULL : &r->member->pieces[low - 1];
	return piece != NULL && vaddr - piece->start < piece->size ? piece : NULL;
}

uint64_t rl_repair_distance(const struct rl_repair *r, uint64_t vaddr)
{
	const struct rl_moved *piece = piece_at(r, vaddr);
	return piece == NULL ? 0 : piece->to - piece->start;
}

uint64_t rl_repair_distance_in(const struct rl_repair *r, size_t section, uint64_t vaddr)
{
	if (section >= r->info->section_count)
		return rl_repair_distance(r, vaddr);
	const struct rl_moved *piece = piece_at(r, r->sections[section].sh_addr);
	if (piece == NULL || piece->section != section || !piece->is_whole)
		piece = piece_at(r, vaddr);
	return piece == NULL || piece->section != section ? 0 : piece->to - piece->start;
}

relink_status rl_repair_add(const struct rl_repair *r, void *bytes, uint64_t distance, unsigned type)
{
	int32_t value;
	memcpy(&value, bytes, sizeof value);
	int64_t sum = (int64_t)((uint64_t)(int64_t)value + distance);
	value = (int32_t)sum;
	if (value != sum)
		return rl_repair_fail(r, RELINK_E_REL_OVERFLOW, type);
	memcpy(bytes, &value, sizeof value);
	return RELINK_OK;
}

/* How far the address moves that a word at PLACE is going to hold. */
static uint64_t word_distance(const struct rl_repair *r, uint64_t place, uint64_t address)
{
	const struct rl_mark *mark = rl_mark_before(&r->words, place);
	if (mark != NULL && mark->place == place && mark->target == address)
		return mark->distance;
	return rl_repair_distance(r, address);
}

static bool dynamic_find(const struct rl_repair *r, int64_t tag, uint64_t *out_value)
{
	const Elf64_Dyn *entries = r->info->dynamic;
	for (size_t i = 0; i < r->info->dynamic_count; i++)
		if (entries[i].d_tag == tag) {
			*out_value = entries[i].d_un.d_val;
			return true;
		}
	return false;
}

/* The table that the dynamic section names: its bytes, NULL and 0 if there is none. */
static relink_status table_find(const struct rl_repair *r, int64_t tag, int64_t size_tag, char **out_bytes,
				uint64_t *out_size)
{
	uint64_t vaddr, size;
	*out_bytes = NULL;
	*out_size = 0;
	if (!dynamic_find(r, tag, &vaddr) || !dynamic_find(r, size_tag, &size) || size == 0)
		return RELINK_OK;
	*out_bytes = rl_repair_at(r, vaddr, size);
	*out_size = size;
	return *out_bytes != NULL ? RELINK_OK : rl_repair_fail(r, RELINK_E_DYN_MALFORMED, 0);
}

/* Where a dynamic relocation will be applied: in memory that can be written. */
static relink_status place_move(const struct rl_repair *r, uint64_t *place, unsigned type)
{
	const struct rl_moved *piece = piece_at(r, *place);
	if (piece == NULL)
		return RELINK_OK;
	if (piece->arena->memory_class != RELINK_WRITABLE)
		return rl_repair_fail(r, RELINK_E_UNMOVABLE, type);
	*place += piece->to - piece->start;
	return RELINK_OK;
}

static relink_status relocations_repair(const struct rl_repair *r, int64_t tag, int64_t size_tag)
{
	char *bytes;
	uint64_t size;
	relink_status status = table_find(r, tag, size_tag, &bytes, &size);
	for (uint64_t at = 0; status == RELINK_OK && at + sizeof(Elf64_Rela) <= size; at += sizeof(Elf64_Rela)) {
		Elf64_Rela rela;
		memcpy(&rela, bytes + at, sizeof rela);
		unsigned type = ELF64_R_TYPE(rela.r_info);
		if (type == R_X86_64_RELATIVE || type == R_X86_64_IRELATIVE)
			rela.r_addend += (int64_t)word_distance(r, rela.r_offset, (uint64_t)rela.r_addend);
		status = place_move(r, &rela.r_offset, type);
		memcpy(bytes + at, &rela, sizeof rela);
	}
	return status;
}

/* One word of DT_RELR.  The table stays: of a place that has moved it relocates what is left there, which nobody
 * reads, and the word gets its value here. */
static relink_status relr_word(const struct rl_repair *r, uint64_t place)
{
	uint64_t value, moved = place;
	char *word = rl_repair_at(r, place, sizeof value);
	if (word == NULL)
		return rl_repair_fail(r, RELINK_E_REL_MALFORMED, R_X86_64_RELATIVE);
	memcpy(&value, word, sizeof value);
	value += word_distance(r, place, value);
	relink_status status = place_move(r, &moved, R_X86_64_RELATIVE);
	if (moved != place)
		value += r->bias;
	memcpy(word, &value, sizeof value);
	return status;
}

/* "Relative relocations", gABI proposal of 2017: addresses, and bits for the 63 words that follow. */
static relink_status relr_repair(const struct rl_repair *r)
{
	char *bytes;
	uint64_t size, next = 0;
	relink_status status = table_find(r, DT_RELR, DT_RELRSZ, &bytes, &size);
	for (uint64_t at = 0; status == RELINK_OK && at + 8 <= size; at += 8) {
		uint64_t entry;
		memcpy(&entry, bytes + at, sizeof entry);
		if ((entry & 1) == 0) {
			status = relr_word(r, entry);
			next = entry + 8;
			continue;
		}
		for (unsigned bit = 0; status == RELINK_OK && bit < 63; bit++)
			if (entry >> (bit + 1) & 1)
				status = relr_word(r, next + bit * 8);
		next += 63 * 8;
	}
	return status;
}

/* The symbols that others bind to. */
static relink_status symbols_repair(const struct rl_repair *r)
{
	uint64_t vaddr, size = 0;
	if (!dynamic_find(r, DT_SYMTAB, &vaddr))
		return RELINK_OK;
	for (size_t i = 0; i < r->info->section_count; i++)
		if (r->sections[i].sh_type == SHT_DYNSYM && r->sections[i].sh_addr == vaddr)
			size = r->sections[i].sh_size;
	char *bytes = size == 0 ? NULL : rl_repair_at(r, vaddr, size);
	if (bytes == NULL)
		return rl_repair_fail(r, RELINK_E_OBJECT_MALFORMED, 0);
	for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= size; at += sizeof(Elf64_Sym)) {
		Elf64_Sym symbol;
		memcpy(&symbol, bytes + at, sizeof symbol);
		if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS
		    || ELF64_ST_TYPE(symbol.st_info) == STT_TLS)
			continue;
		symbol.st_value += rl_repair_distance_in(r, symbol.st_shndx, symbol.st_value);
		memcpy(bytes + at, &symbol, sizeof symbol);
	}
	return RELINK_OK;
}

static relink_status dynamic_repair(const struct rl_repair *r)
{
	const Elf64_Phdr *phdrs = r->info->program_headers;
	Elf64_Ehdr *header = (Elf64_Ehdr *)r->member->image;
	header->e_entry += rl_repair_distance(r, header->e_entry);
	for (size_t i = 0; i < r->info->program_header_count; i++) {
		if (phdrs[i].p_type != PT_DYNAMIC)
			continue;
		for (size_t at = 0; at < r->info->dynamic_count; at++) {
			Elf64_Dyn entry;
			char *bytes = r->member->image + phdrs[i].p_offset + at * sizeof entry;
			memcpy(&entry, bytes, sizeof entry);
			if (entry.d_tag == DT_INIT || entry.d_tag == DT_FINI)
				entry.d_un.d_ptr += rl_repair_distance(r, entry.d_un.d_ptr);
			memcpy(bytes, &entry, sizeof entry);
		}
		break; /* the first is what was scanned */
	}
	return RELINK_OK;
}

/* ---- Functions ---- */

/* Whether the 32-bit number at BYTES is that of a call, of a jump, or of "lea number(%rip), %register" with 64 bits. */
static bool is_reference(const unsigned char *bytes)
{
	return bytes[-1] == 0xe8 || bytes[-1] == 0xe9 || (bytes[-2] == 0x0f && (bytes[-1] & 0xf0) == 0x80)
	       || ((bytes[-3] & 0xf8) == 0x48 && bytes[-2] == 0x8d && (bytes[-1] & 0xc7) == 0x05);
}

/* Whether the 32-bit number at AT is more likely the inside of an instruction: it begins like a call or jump of its own,
 * that stays in the section. */
static bool is_inside_another(const unsigned char *bytes, uint64_t at, uint64_t size)
{
	int32_t field;
	if ((bytes[at] != 0xe8 && bytes[at] != 0xe9) || size - at < 1 + sizeof field)
		return false;
	memcpy(&field, bytes + at + 1, sizeof field);
	return at + 1 + sizeof field + (uint64_t)(int64_t)field < size;
}

/* A function that was not compiled on its own (-ffunction-sections) may be called, or call, without a relocation.
 * Look for references to starts of functions, from one side of a piece to the other, that no relocation tells of. */
static relink_status section_search(const struct rl_repair *r, const Elf64_Shdr *section, const struct rl_marks *starts)
{
	const unsigned char *bytes = rl_repair_at(r, section->sh_addr, section->sh_size);
	if (bytes == NULL)
		return rl_repair_fail(r, RELINK_E_OBJECT_MALFORMED, 0);
	for (uint64_t at = 3; at + 4 <= section->sh_size; at++) {
		int32_t field;
		memcpy(&field, bytes + at, sizeof field);
		uint64_t place = section->sh_addr + at, target = place + 4 + (uint64_t)(int64_t)field;
		if (target - section->sh_addr >= section->sh_size || !is_reference(bytes + at))
			continue;
		const struct rl_mark *start = rl_mark_before(starts, target), *own = rl_mark_before(&r->fields, place);
		if (start == NULL || start->place != target || (own != NULL && place - own->place <= 1)
		    || piece_at(r, place) == piece_at(r, target))
			continue;
		own = rl_mark_before(&r->fields, place + 1);
		if ((own == NULL || own->place != place + 1) && !is_inside_another(bytes, at, section->sh_size))
			return rl_closure_fail(r->error, RELINK_E_UNMOVABLE, r->info->name,
					       start->target == 0 ? "" : r->member->bytes + start->target, 0);
	}
	return RELINK_OK;
}

/* Where in the file the name of SYMBOL is, which TABLE has; 0: nowhere. */
static uint64_t name_offset(const struct rl_repair *r, const Elf64_Shdr *table, const Elf64_Sym *symbol)
{
	const Elf64_Shdr *strings = &r->sections[table->sh_link < r->info->section_count ? table->sh_link : 0];
	if (strings->sh_type != SHT_STRTAB || strings->sh_offset > r->info->size
	    || strings->sh_size > r->info->size - strings->sh_offset || symbol->st_name >= strings->sh_size
	    || r->member->bytes[strings->sh_offset + strings->sh_size - 1] != '\0')
		return 0;
	return strings->sh_offset + symbol->st_name;
}

static relink_status functions_check(const struct rl_repair *r)
{
	struct rl_marks starts = {0};
	relink_status status = RELINK_OK;
	size_t last = SIZE_MAX;
	for (size_t i = 0; i < r->info->section_count && status == RELINK_OK; i++) {
		const Elf64_Shdr *section = &r->sections[i];
		if (section->sh_type != SHT_SYMTAB || section->sh_offset > r->info->size
		    || section->sh_size > r->info->size - section->sh_offset)
			continue;
		for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= section->sh_size && status == RELINK_OK;
		     at += sizeof(Elf64_Sym)) {
			Elf64_Sym symbol;
			memcpy(&symbol, r->member->bytes + section->sh_offset + at, sizeof symbol);
			if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF
			    && !rl_mark_add(&starts, symbol.st_value, name_offset(r, section, &symbol), 0))
				status = rl_repair_fail(r, RELINK_E_MEMORY, 0);
		}
	}
	rl_marks_sort(&starts);
	for (size_t i = 0; i < r->member->piece_count && status == RELINK_OK; i++) {
		const struct rl_moved *piece = &r->member->pieces[i];
		if (!piece->is_whole && piece->section != last)
			status = section_search(r, &r->sections[last = piece->section], &starts);
	}
	rl_heap_give(starts.items);
	return status;
}

static relink_status all_repair(struct rl_repair *r)
{
	relink_status status = rl_repair_retained(r);
	if (status == RELINK_OK && r->has_functions)
		status = functions_check(r);
	if (status == RELINK_OK)
		status = relocations_repair(r, DT_RELA, DT_RELASZ);
	if (status == RELINK_OK)
		status = relocations_repair(r, DT_JMPREL, DT_PLTRELSZ);
	if (status == RELINK_OK)
		status = relr_repair(r);
	if (status == RELINK_OK)
		status = symbols_repair(r);
	if (status == RELINK_OK)
		status = dynamic_repair(r);
	return status == RELINK_OK ? rl_repair_frames(r) : status;
}

relink_status rl_member_repair(struct rl_member *member, uintptr_t bias, const struct rl_marks *runs,
			       relink_error *error)
{
	struct rl_repair repair = {.member = member,
				   .info = relink_scan_get_info(member->scan),
				   .bias = bias,
				   .runs = runs,
				   .error = error};
	repair.sections = repair.info->sections;
	for (size_t i = 0; i < member->piece_count; i++)
		repair.has_functions |= !member->pieces[i].is_whole;
	relink_status status = all_repair(&repair);
	rl_heap_give(repair.words.items);
	rl_heap_give(repair.fields.items);
	rl_heap_give(repair.tables.items);
	rl_heap_give(repair.records.items);
	return status;
}
