/* Collecting relocatable files: which sections stay, which definition of a name counts. */
#include "combination.h"

#include <string.h>

#include "../base/heap.h"
#include "../base/text.h"
#include "../elf/name.h"

#define NONE UINT32_MAX

enum { GROUP_COMDAT = 1, FIRST_ITEMS = 64 };

static uint32_t *name_place(const struct rl_names *names, const char *name)
{
	size_t mask = names->place_count - 1;
	for (size_t at = rl_hash_gnu(name) & mask;; at = (at + 1) & mask) {
		uint32_t *place = &names->places[at];
		if (*place == 0 || strcmp(names->items[*place - 1], name) == 0)
			return place;
	}
}

static bool names_grow(struct rl_names *names)
{
	size_t count = names->place_count == 0 ? 128 : names->place_count * 2;
	uint32_t *places = rl_heap_take(count * sizeof *places);
	if (places == NULL)
		return false;
	rl_heap_give(names->places);
	names->places = places;
	names->place_count = count;
	for (uint32_t i = 0; i < names->count; i++)
		*name_place(names, names->items[i]) = i + 1;
	return true;
}

static uint32_t name_find(const struct rl_names *names, const char *name)
{
	return names->place_count == 0 ? NONE : *name_place(names, name) - 1;
}

/* The number of NAME, which is new if it is the count before; NONE: no memory.  NAME is not copied. */
static uint32_t name_add(struct rl_names *names, const char *name)
{
	if (names->count * 2 >= names->place_count && !names_grow(names))
		return NONE;
	uint32_t *place = name_place(names, name);
	if (*place == 0) {
		const char **items =
			rl_heap_room(names->items, names->count, &names->capacity, sizeof *items, FIRST_ITEMS);
		if (items == NULL)
			return NONE;
		names->items = items;
		names->items[names->count] = name;
		*place = (uint32_t)++names->count;
	}
	return *place - 1;
}

struct rl_combination *rl_combination_make(void)
{
	struct rl_combination *c = rl_heap_take(sizeof *c);
	if (c == NULL)
		return NULL;
	c->end = &c->first;
	c->sections = rl_heap_room(NULL, 0, &c->section_capacity, sizeof *c->sections, FIRST_ITEMS);
	if (c->sections != NULL) {
		c->section_count = 1;
		return c;
	}
	rl_heap_give(c);
	return NULL;
}

void rl_combination_drop(struct rl_combination *c)
{
	if (c == NULL)
		return;
	for (struct rl_unit *unit = c->first, *next; unit != NULL; unit = next) {
		next = unit->next;
		rl_heap_give(unit->file.bytes);
		rl_heap_give(unit->name);
		rl_heap_give(unit->pieces);
		rl_heap_give(unit->symbols);
		rl_heap_give(unit);
	}
	rl_heap_give(c->groups.items);
	rl_heap_give(c->groups.places);
	rl_heap_give(c->names.items);
	rl_heap_give(c->names.places);
	rl_heap_give(c->globals);
	rl_heap_give(c->sections);
	rl_heap_give(c);
}

/* The name that makes two groups the same one; NULL: damaged. */
static const char *signature(const struct rl_unit *unit, const Elf64_Shdr *group)
{
	const struct rl_relocatable *file = &unit->file;
	if (group->sh_info >= file->symbol_count)
		return NULL;
	uint32_t section = rl_relocatable_section(file, group->sh_info);
	if (ELF64_ST_TYPE(file->symbols[group->sh_info].st_info) == STT_SECTION && section < file->section_count)
		return rl_relocatable_name(file, &file->sections[section]);
	return file->strings + file->symbols[group->sh_info].st_name;
}

/* Mark the sections of groups that are there already: their piece has the size UINT64_MAX for the time being. */
static enum rl_status groups_read(struct rl_combination *c, struct rl_unit *unit)
{
	const struct rl_relocatable *file = &unit->file;
	for (size_t i = 1; i < file->section_count; i++) {
		size_t word_count, known = c->groups.count;
		if (file->sections[i].sh_type != SHT_GROUP)
			continue;
		const Elf64_Shdr *section = &file->sections[i];
		const char *name = signature(unit, section);
		const char *words = file->bytes + section->sh_offset;
		uint32_t word;
		word_count = section->sh_size / sizeof word;
		if (name == NULL || word_count == 0)
			return RL_OBJECT_DAMAGED;
		memcpy(&word, words, sizeof word);
		if (!(word & GROUP_COMDAT))
			continue;
		uint32_t number = name_add(&c->groups, name);
		if (number == NONE)
			return RL_NO_MEMORY;
		for (size_t j = 1; number < known && j < word_count; j++) {
			memcpy(&word, words + j * sizeof word, sizeof word);
			if (word >= file->section_count)
				return RL_OBJECT_DAMAGED;
			unit->pieces[word].size = UINT64_MAX;
		}
	}
	return RL_OK;
}

static bool is_kept(const struct rl_unit *unit, size_t number)
{
	const Elf64_Shdr *section = &unit->file.sections[number];
	if (unit->pieces[number].size == UINT64_MAX || (section->sh_flags & SHF_EXCLUDE))
		return false;
	switch (section->sh_type) {
	case SHT_NULL:
	case SHT_SYMTAB:
	case SHT_STRTAB:
	case SHT_SYMTAB_SHNDX:
	case SHT_GROUP:
	case SHT_REL:
	case SHT_RELA:
		return false;
	default:
		return true;
	}
}

static bool is_identifier(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (*c != '_' && (*c < 'a' || *c > 'z') && (*c < 'A' || *c > 'Z') && (c == name || *c < '0' || *c > '9'))
			return false;
	return *name != '\0';
}

/* Records up to the zero word that crtend.o has. */
static uint64_t frames_size(const char *bytes, uint64_t size)
{
	uint32_t length;
	for (uint64_t at = 0; at + sizeof length <= size; at += sizeof length + length) {
		memcpy(&length, bytes + at, sizeof length);
		if (length == 0)
			return at;
	}
	return size;
}

/* The section of the result that a section of this name and kind goes to; 0: no memory. */
static uint32_t section_out(struct rl_combination *c, const char *name, const Elf64_Shdr *section, bool is_frames)
{
	bool is_shared = is_frames || (is_identifier(name) && (section->sh_flags & SHF_ALLOC));
	for (uint32_t i = 1; is_shared && i < c->section_count; i++) {
		const struct rl_section_out *out = &c->sections[i];
		if (out->is_shared && strcmp(out->name, name) == 0
		    && (is_frames || (out->header.sh_flags == section->sh_flags && out->header.sh_type == section->sh_type)))
			return i;
	}
	struct rl_section_out *sections =
		rl_heap_room(c->sections, c->section_count, &c->section_capacity, sizeof *sections, FIRST_ITEMS);
	if (sections == NULL)
		return 0;
	c->sections = sections;
	struct rl_section_out *out = &c->sections[c->section_count];
	*out = (struct rl_section_out){.name = name, .header = *section, .is_shared = is_shared};
	out->header.sh_flags &= ~(Elf64_Xword)SHF_GROUP;
	out->header.sh_size = out->header.sh_link = out->header.sh_info = 0;
	return (uint32_t)c->section_count++;
}

static enum rl_status sections_take(struct rl_combination *c, struct rl_unit *unit)
{
	const struct rl_relocatable *file = &unit->file;
	for (size_t i = 1; i < file->section_count; i++) {
		const Elf64_Shdr *section = &file->sections[i];
		struct rl_piece *piece = &unit->pieces[i];
		if (!is_kept(unit, i)) {
			piece->size = 0;
			continue;
		}
		const char *name = rl_relocatable_name(file, section);
		bool is_frames = strcmp(name, ".eh_frame") == 0 && section->sh_type != SHT_NOBITS;
		piece->section = section_out(c, name, section, is_frames);
		if (piece->section == 0)
			return RL_NO_MEMORY;
		struct rl_section_out *out = &c->sections[piece->section];
		uint64_t align = section->sh_addralign < 2 ? 1 : section->sh_addralign;
		piece->size = section->sh_size;
		if (is_frames) { /* no gaps: they would end the list */
			align = 4;
			piece->size = frames_size(file->bytes + section->sh_offset, section->sh_size) & -(uint64_t)4;
		}
		if (section->sh_addralign > out->header.sh_addralign)
			out->header.sh_addralign = section->sh_addralign;
		piece->offset = (out->header.sh_size + align - 1) & -align;
		out->header.sh_size = piece->offset + piece->size;
		if (out->header.sh_size > RL_RELOCATABLE_LIMIT)
			return RL_NO_MEMORY;
	}
	return RL_OK;
}

static enum rl_global_rank rank_of(const struct rl_unit *unit, uint32_t index)
{
	const Elf64_Sym *symbol = &unit->file.symbols[index];
	uint32_t section = rl_relocatable_section(&unit->file, index);
	bool is_weak = ELF64_ST_BIND(symbol->st_info) == STB_WEAK;
	if (section == RL_SECTION_COMMON)
		return RL_DEFINED_COMMON;
	if (section == SHN_UNDEF)
		return is_weak ? RL_WANTED_WEAKLY : RL_WANTED;
	if (section != RL_SECTION_ABSOLUTE && unit->pieces[section].section == 0)
		return RL_WANTED; /* in a group that is there already */
	return is_weak ? RL_DEFINED_WEAKLY : RL_DEFINED;
}

/* The stricter of two. */
static unsigned visibility_join(unsigned a, unsigned b)
{
	return a == STV_DEFAULT ? b : b == STV_DEFAULT || a < b ? a : b;
}

static enum rl_status global_meet(struct rl_combination *c, struct rl_unit *unit, uint32_t index, struct rl_diag *diag)
{
	const Elf64_Sym *symbol = &unit->file.symbols[index];
	const char *name = unit->file.strings + symbol->st_name;
	size_t known = c->names.count;
	uint32_t number = name_add(&c->names, name);
	struct rl_global *globals = rl_heap_room(c->globals, known, &c->global_capacity, sizeof *globals, FIRST_ITEMS);
	if (globals != NULL)
		c->globals = globals;
	if (number == NONE || globals == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .subject = unit->name);
	struct rl_global *global = &c->globals[number];
	enum rl_global_rank rank = rank_of(unit, index);
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
	unit->symbols[index] = number + 1;
	if (number == known)
		*global = (struct rl_global){.unit = unit, .symbol = index, .rank = rank, .visibility = visibility};
	else if (rank == RL_DEFINED && global->rank == RL_DEFINED)
		return rl_fail(diag, RL_SYMBOL_TWICE, .subject = unit->name, .requester = global->unit->name,
			       .symbol = name);
	global->visibility = visibility_join(global->visibility, visibility);
	if (rank > global->rank) {
		global->unit = unit;
		global->symbol = index;
		global->rank = rank;
	}
	if (rank == RL_DEFINED_COMMON) {
		if (symbol->st_size > global->common_size)
			global->common_size = symbol->st_size;
		if (symbol->st_value > global->common_align)
			global->common_align = symbol->st_value;
	}
	return RL_OK;
}

static enum rl_status unit_take(struct rl_combination *c, struct rl_unit *unit, struct rl_diag *diag)
{
	const struct rl_relocatable *file = &unit->file;
	enum rl_status status = groups_read(c, unit);
	if (status == RL_OK)
		status = sections_take(c, unit);
	if (status != RL_OK)
		return rl_fail(diag, status, .subject = unit->name);
	for (uint32_t i = 1; i < file->symbol_count; i++)
		if (ELF64_ST_BIND(file->symbols[i].st_info) != STB_LOCAL)
			RL_TRY(global_meet(c, unit, i, diag));
	return RL_OK;
}

enum rl_status rl_combination_add(struct rl_combination *c, const char *name, char *bytes, size_t size,
				  struct rl_diag *diag)
{
	struct rl_unit *unit = rl_heap_take(sizeof *unit);
	if (unit == NULL) {
		rl_heap_give(bytes);
		return rl_fail(diag, RL_NO_MEMORY, .subject = name);
	}
	*c->end = unit;
	c->end = &unit->next;
	enum rl_status status = rl_relocatable_read(bytes, size, &unit->file);
	if (status == RL_OK) {
		unit->machine = ((const Elf64_Ehdr *)bytes)->e_machine;
		unit->name = rl_heap_string(name);
		unit->pieces = rl_heap_take(unit->file.section_count * sizeof *unit->pieces);
		unit->symbols = rl_heap_take(unit->file.symbol_count * sizeof *unit->symbols);
		if (unit->name == NULL || unit->pieces == NULL || unit->symbols == NULL)
			status = RL_NO_MEMORY;
	}
	return status == RL_OK ? unit_take(c, unit, diag) : rl_fail(diag, status, .subject = name);
}

static bool is_wanted(const struct rl_combination *c, const char *name)
{
	uint32_t number = name_find(&c->names, name);
	return number != NONE && c->globals[number].rank == RL_WANTED;
}

/* name@@VERSION also defines name and name@VERSION. */
bool rl_combination_wants(const struct rl_combination *c, const char *symbol)
{
	const char *at = strchr(symbol, '@');
	if (is_wanted(c, symbol))
		return true;
	char *name = at != NULL && at[1] == '@' ? rl_heap_string(symbol) : NULL;
	if (name == NULL)
		return false;
	char *end = name + (at - symbol);
	memmove(end + 1, at + 2, strlen(at + 2) + 1);
	bool is_found = is_wanted(c, name);
	*end = '\0';
	is_found = is_found || is_wanted(c, name);
	rl_heap_give(name);
	return is_found;
}
