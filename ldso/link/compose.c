/* Writing the one file that several relocatable files have become. */
#include <string.h>

#include "../base/heap.h"
#include "combination.h"

/* The file that is being written. */
struct composer {
	struct rl_combination *c;
	char *bytes; /* NULL: only measuring */
	size_t at;
	Elf64_Shdr *sections;
	size_t section_count, relocation_count, symbol_count, local_count, name_size;
	uint32_t symbol_section, string_section, name_section, far_section;
	Elf64_Sym *symbols;
	uint32_t *far_sections;
	char *strings, *names;
	size_t string_size, string_used, name_used;
};

static uint64_t take(struct composer *w, uint64_t size, uint64_t align)
{
	if (align > 1)
		w->at = (w->at + align - 1) & -align;
	w->at += size;
	return w->at - size;
}

/* Relocations of this section are taken along. */
static bool has_relocations(const struct rl_unit *unit, const Elf64_Shdr *section)
{
	size_t count;
	return section->sh_type == SHT_RELA && unit->pieces[section->sh_info].section != 0
	       && rl_relocatable_array(&unit->file, section, sizeof(Elf64_Rela), &count) != NULL;
}

static bool is_local_kept(const struct rl_unit *unit, uint32_t index)
{
	uint32_t section = rl_relocatable_section(&unit->file, index);
	return section == RL_SECTION_ABSOLUTE
	       || (section < unit->file.section_count && unit->pieces[section].section != 0);
}

/* Number the symbols: locals, then globals. */
static void symbols_number(struct composer *w)
{
	uint32_t next = 1;
	size_t strings = 1;
	for (struct rl_unit *unit = w->c->first; unit != NULL; unit = unit->next)
		for (uint32_t i = 1; i < unit->file.symbol_count; i++) {
			if (unit->symbols[i] != 0 || !is_local_kept(unit, i))
				continue;
			next++;
			strings += strlen(unit->file.strings + unit->file.symbols[i].st_name) + 1;
		}
	w->local_count = next;
	for (size_t i = 0; i < w->c->names.count; i++)
		strings += strlen(w->c->names.items[i]) + 1;
	w->symbol_count = next + w->c->names.count;
	w->string_size = strings;
}

/* Places for everything; the section headers come first.  A section that holds relocations has the name of its file. */
static bool measure(struct composer *w)
{
	size_t names = 1;
	for (size_t i = 1; i < w->c->section_count; i++)
		names += strlen(w->c->sections[i].name) + 1;
	for (struct rl_unit *unit = w->c->first; unit != NULL; unit = unit->next) {
		names += strlen(unit->name) + 1;
		for (size_t i = 1; i < unit->file.section_count; i++)
			w->relocation_count += has_relocations(unit, &unit->file.sections[i]);
	}
	symbols_number(w);
	w->name_size = names;
	w->symbol_section = (uint32_t)(w->c->section_count + w->relocation_count);
	w->string_section = w->symbol_section + 1;
	w->name_section = w->symbol_section + 2;
	w->far_section = w->symbol_section + 3;
	w->section_count = w->symbol_section + 4;
	uint64_t total = sizeof(Elf64_Ehdr) + w->section_count * sizeof(Elf64_Shdr) + w->string_size + w->name_size
			 + w->symbol_count * (sizeof(Elf64_Sym) + sizeof(uint32_t)) + 64;
	for (size_t i = 1; i < w->c->section_count; i++)
		if (w->c->sections[i].header.sh_type != SHT_NOBITS)
			total += w->c->sections[i].header.sh_size + w->c->sections[i].header.sh_addralign;
	for (struct rl_unit *unit = w->c->first; unit != NULL; unit = unit->next)
		for (size_t i = 1; i < unit->file.section_count; i++)
			if (has_relocations(unit, &unit->file.sections[i]))
				total += unit->file.sections[i].sh_size + 8;
	if (total > RL_RELOCATABLE_LIMIT)
		return false;
	w->bytes = rl_heap_take(total);
	return w->bytes != NULL;
}

static Elf64_Shdr *section_write(struct composer *w, uint32_t number, uint32_t type, uint64_t size, uint64_t align)
{
	Elf64_Shdr *section = &w->sections[number];
	*section = (Elf64_Shdr){.sh_type = type, .sh_addralign = align, .sh_size = size};
	section->sh_offset = type == SHT_NOBITS ? w->at : take(w, size, align);
	return section;
}

static uint32_t section_name_write(struct composer *w, const char *name)
{
	size_t size = strlen(name) + 1, place = w->name_used;
	memcpy(w->names + place, name, size);
	w->name_used += size;
	return (uint32_t)place;
}

static void contents_write(struct composer *w)
{
	for (uint32_t i = 1; i < w->c->section_count; i++) {
		const struct rl_section_out *out = &w->c->sections[i];
		Elf64_Shdr *section = section_write(w, i, out->header.sh_type, out->header.sh_size,
						    out->header.sh_addralign);
		section->sh_flags = out->header.sh_flags;
		section->sh_entsize = out->header.sh_entsize;
		section->sh_name = section_name_write(w, out->name);
	}
	for (struct rl_unit *unit = w->c->first; unit != NULL; unit = unit->next)
		for (size_t i = 1; i < unit->file.section_count; i++) {
			const struct rl_piece *piece = &unit->pieces[i];
			if (piece->section != 0 && w->sections[piece->section].sh_type != SHT_NOBITS)
				memcpy(w->bytes + w->sections[piece->section].sh_offset + piece->offset,
				       unit->file.bytes + unit->file.sections[i].sh_offset, piece->size);
		}
}

/* Symbol NUMBER of the result from symbol INDEX of UNIT. */
static Elf64_Sym *symbol_write(struct composer *w, uint32_t number, const struct rl_unit *unit, uint32_t index)
{
	const char *name = unit->file.strings + unit->file.symbols[index].st_name;
	Elf64_Sym *symbol = &w->symbols[number];
	uint32_t section = rl_relocatable_section(&unit->file, index);
	size_t size = strlen(name) + 1;
	*symbol = unit->file.symbols[index];
	symbol->st_name = *name == '\0' ? 0 : (uint32_t)w->string_used;
	if (*name != '\0') {
		memcpy(w->strings + w->string_used, name, size);
		w->string_used += size;
	}
	if (section == RL_SECTION_COMMON) {
		symbol->st_shndx = SHN_COMMON;
	} else if (section >= unit->file.section_count) {
		symbol->st_shndx = SHN_ABS;
	} else if (section == SHN_UNDEF || unit->pieces[section].section == 0) {
		symbol->st_shndx = SHN_UNDEF;
		symbol->st_value = symbol->st_size = 0;
	} else {
		symbol->st_value += unit->pieces[section].offset;
		w->far_sections[number] = unit->pieces[section].section;
		symbol->st_shndx = unit->pieces[section].section < SHN_LORESERVE
					   ? (Elf64_Half)unit->pieces[section].section : SHN_XINDEX;
	}
	return symbol;
}

static void symbols_write(struct composer *w)
{
	uint32_t next = 1;
	for (struct rl_unit *unit = w->c->first; unit != NULL; unit = unit->next)
		for (uint32_t i = 1; i < unit->file.symbol_count; i++) {
			if (unit->symbols[i] != 0) {
				unit->symbols[i] += (uint32_t)w->local_count - 1;
			} else if (is_local_kept(unit, i)) {
				symbol_write(w, next, unit, i);
				unit->symbols[i] = next++;
			}
		}
	for (size_t i = 0; i < w->c->names.count; i++) {
		const struct rl_global *global = &w->c->globals[i];
		Elf64_Sym *symbol = symbol_write(w, next++, global->unit, global->symbol);
		symbol->st_other = (unsigned char)global->visibility;
		if (symbol->st_shndx == SHN_UNDEF && global->rank == RL_WANTED)
			symbol->st_info = ELF64_ST_INFO(STB_GLOBAL, ELF64_ST_TYPE(symbol->st_info));
		if (global->rank == RL_DEFINED_COMMON) {
			symbol->st_size = global->common_size;
			symbol->st_value = global->common_align;
		}
	}
}

/* The entries of one section: those that mean something that is left out stay away, and their places zero. */
static void relocations_write(struct composer *w, const struct rl_unit *unit, const Elf64_Shdr *from, uint32_t number,
			      uint32_t name)
{
	size_t count, used = 0;
	const Elf64_Rela *items = rl_relocatable_array(&unit->file, from, sizeof *items, &count);
	const struct rl_piece *target = &unit->pieces[from->sh_info];
	Elf64_Shdr *section = section_write(w, number, SHT_RELA, from->sh_size, 8);
	Elf64_Rela *out = (Elf64_Rela *)(w->bytes + section->sh_offset);
	for (size_t i = 0; i < count; i++) {
		uint32_t symbol = ELF64_R_SYM(items[i].r_info), type = ELF64_R_TYPE(items[i].r_info), mapped = 0;
		if (symbol != 0) /* a number that means nothing stays so */
			mapped = symbol < unit->file.symbol_count ? unit->symbols[symbol] : UINT32_MAX;
		if (symbol != 0 && mapped == 0)
			continue;
		out[used++] = (Elf64_Rela){.r_offset = items[i].r_offset + target->offset,
					   .r_info = ELF64_R_INFO((uint64_t)mapped, type),
					   .r_addend = items[i].r_addend};
	}
	section->sh_size = used * sizeof *out;
	section->sh_entsize = sizeof *out;
	section->sh_link = w->symbol_section;
	section->sh_info = target->section;
	section->sh_name = name;
	section->sh_flags = RL_SECTION_OF_MEMBER;
}

/* The tables, then the header. */
static void tables_write(struct composer *w)
{
	Elf64_Shdr *section = section_write(w, w->symbol_section, SHT_SYMTAB, w->symbol_count * sizeof(Elf64_Sym), 8);
	section->sh_entsize = sizeof(Elf64_Sym);
	section->sh_link = w->string_section;
	section->sh_info = (uint32_t)w->local_count;
	w->symbols = (Elf64_Sym *)(w->bytes + section->sh_offset);
	section = section_write(w, w->far_section, SHT_SYMTAB_SHNDX, w->symbol_count * sizeof(uint32_t), 8);
	section->sh_entsize = sizeof(uint32_t);
	section->sh_link = w->symbol_section;
	w->far_sections = (uint32_t *)(w->bytes + section->sh_offset);
	section = section_write(w, w->string_section, SHT_STRTAB, w->string_size, 1);
	w->strings = w->bytes + section->sh_offset;
	w->string_used = 1;
	section = section_write(w, w->name_section, SHT_STRTAB, w->name_size, 1);
	w->names = w->bytes + section->sh_offset;
	w->name_used = 1;
}

static void header_write(struct composer *w)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)w->bytes;
	bool is_far = w->section_count >= SHN_LORESERVE;
	*header = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			       .e_type = ET_REL,
			       .e_machine = w->c->first->machine,
			       .e_version = EV_CURRENT,
			       .e_ehsize = sizeof *header,
			       .e_shentsize = sizeof(Elf64_Shdr),
			       .e_shoff = sizeof *header,
			       .e_shnum = is_far ? 0 : (Elf64_Half)w->section_count,
			       .e_shstrndx = is_far ? SHN_XINDEX : (Elf64_Half)w->name_section};
	if (is_far) {
		w->sections[0].sh_size = w->section_count;
		w->sections[0].sh_link = w->name_section;
	}
}

enum rl_status rl_combination_finish(struct rl_combination *c, char **out_bytes, size_t *out_size)
{
	struct composer w = {.c = c};
	if (c->first == NULL)
		return RL_OBJECT_DAMAGED;
	if (!measure(&w))
		return RL_NO_MEMORY;
	w.at = sizeof(Elf64_Ehdr);
	w.sections = (Elf64_Shdr *)(w.bytes + take(&w, w.section_count * sizeof(Elf64_Shdr), 8));
	tables_write(&w);
	contents_write(&w);
	symbols_write(&w);
	uint32_t number = (uint32_t)c->section_count;
	for (struct rl_unit *unit = c->first; unit != NULL; unit = unit->next) {
		uint32_t name = section_name_write(&w, unit->name);
		for (size_t i = 1; i < unit->file.section_count; i++)
			if (has_relocations(unit, &unit->file.sections[i]))
				relocations_write(&w, unit, &unit->file.sections[i], number++, name);
	}
	header_write(&w);
	*out_bytes = w.bytes;
	*out_size = w.at;
	return RL_OK;
}
