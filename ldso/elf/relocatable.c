/* Reading and checking relocatable files.  Pure. */
#include "relocatable.h"

#include <string.h>

/* x86_64: COMMON of the medium code model. */
#define LARGE_COMMON 0xff02

void *rl_relocatable_array(const struct rl_relocatable *file, const Elf64_Shdr *section, size_t size,
			   size_t *out_count)
{
	if (section->sh_type == SHT_NOBITS || section->sh_offset > file->size
	    || section->sh_size > file->size - section->sh_offset || section->sh_offset % 8 != 0
	    || section->sh_size % size != 0)
		return NULL;
	*out_count = section->sh_size / size;
	return file->bytes + section->sh_offset;
}

static bool section_check(const struct rl_relocatable *file, const Elf64_Shdr *section)
{
	uint64_t align = section->sh_addralign;
	if (section->sh_type == SHT_NULL)
		return true;
	if (section->sh_size > RL_RELOCATABLE_LIMIT || (align & (align - 1)) != 0 || align > RL_RELOCATABLE_ALIGN_LIMIT)
		return false;
	return section->sh_type == SHT_NOBITS
	       || (section->sh_offset <= file->size && section->sh_size <= file->size - section->sh_offset);
}

/* A section of strings, the last of which is ended. */
static bool strings_find(const struct rl_relocatable *file, uint32_t number, const char **out, size_t *out_size)
{
	if (number >= file->section_count)
		return false;
	const Elf64_Shdr *section = &file->sections[number];
	if (section->sh_type != SHT_STRTAB || section->sh_size == 0
	    || file->bytes[section->sh_offset + section->sh_size - 1] != '\0')
		return false;
	*out = file->bytes + section->sh_offset;
	*out_size = section->sh_size;
	return true;
}

static bool sections_find(struct rl_relocatable *file)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file->bytes;
	if (file->size < sizeof *header || header->e_type != ET_REL || header->e_shentsize != sizeof(Elf64_Shdr)
	    || header->e_shoff % 8 != 0 || header->e_shoff > file->size)
		return false;
	size_t room = (file->size - header->e_shoff) / sizeof(Elf64_Shdr);
	file->sections = (Elf64_Shdr *)(file->bytes + header->e_shoff);
	if (room == 0)
		return false;
	/* Numbers that do not fit the header are in the first section. */
	file->section_count = header->e_shnum != 0 ? header->e_shnum : file->sections[0].sh_size;
	uint32_t names = header->e_shstrndx != SHN_XINDEX ? header->e_shstrndx : file->sections[0].sh_link;
	if (file->section_count == 0 || file->section_count > room)
		return false;
	for (size_t i = 1; i < file->section_count; i++)
		if (!section_check(file, &file->sections[i]))
			return false;
	file->sections[0] = (Elf64_Shdr){.sh_type = SHT_NULL};
	(void)strings_find(file, names, &file->names, &file->names_size);
	return true;
}

static bool symbol_check(const struct rl_relocatable *file, size_t index)
{
	const Elf64_Sym *symbol = &file->symbols[index];
	uint32_t section = rl_relocatable_section(file, index);
	if (symbol->st_name >= file->strings_size)
		return false;
	if (section == RL_SECTION_COMMON)
		return symbol->st_size <= RL_RELOCATABLE_LIMIT && (symbol->st_value & (symbol->st_value - 1)) == 0
		       && symbol->st_value <= RL_RELOCATABLE_ALIGN_LIMIT;
	return section == RL_SECTION_ABSOLUTE || section < file->section_count;
}

static bool symbols_find(struct rl_relocatable *file)
{
	const Elf64_Shdr *table = NULL, *far_table = NULL;
	for (size_t i = 1; i < file->section_count; i++) {
		if (file->sections[i].sh_type == SHT_SYMTAB && table == NULL)
			table = &file->sections[i];
		if (file->sections[i].sh_type == SHT_SYMTAB_SHNDX)
			far_table = &file->sections[i];
	}
	size_t far_count = 0;
	if (table == NULL || !strings_find(file, table->sh_link, &file->strings, &file->strings_size))
		return false;
	file->symbols = rl_relocatable_array(file, table, sizeof(Elf64_Sym), &file->symbol_count);
	if (file->symbols == NULL || file->symbol_count == 0)
		return false;
	if (far_table != NULL) {
		file->far_sections = rl_relocatable_array(file, far_table, sizeof(uint32_t), &far_count);
		if (file->far_sections == NULL || far_count < file->symbol_count)
			return false;
	}
	for (size_t i = 0; i < file->symbol_count; i++)
		if (!symbol_check(file, i))
			return false;
	return true;
}

/* Those whose target counts. */
static bool relocations_check(const struct rl_relocatable *file)
{
	size_t count;
	for (size_t i = 1; i < file->section_count; i++) {
		const Elf64_Shdr *section = &file->sections[i];
		if (section->sh_type != SHT_RELA && section->sh_type != SHT_REL)
			continue;
		if (section->sh_info >= file->section_count)
			return false;
		if (!(file->sections[section->sh_info].sh_flags & SHF_ALLOC))
			continue;
		if (section->sh_type == SHT_REL
		    || rl_relocatable_array(file, section, sizeof(Elf64_Rela), &count) == NULL)
			return false;
	}
	return true;
}

enum rl_status rl_relocatable_read(char *bytes, size_t size, struct rl_relocatable *out)
{
	*out = (struct rl_relocatable){.bytes = bytes, .size = size};
	return size <= RL_RELOCATABLE_LIMIT && sections_find(out) && symbols_find(out) && relocations_check(out)
		       ? RL_OK : RL_OBJECT_DAMAGED;
}

uint32_t rl_relocatable_section(const struct rl_relocatable *file, size_t index)
{
	uint32_t section = file->symbols[index].st_shndx;
	if (section == SHN_XINDEX)
		return file->far_sections == NULL ? UINT32_MAX : file->far_sections[index];
	if (section == LARGE_COMMON)
		return RL_SECTION_COMMON;
	return section >= SHN_LORESERVE ? UINT32_C(0xffff0000) | section : section;
}

const char *rl_relocatable_name(const struct rl_relocatable *file, const Elf64_Shdr *section)
{
	return section->sh_name < file->names_size ? file->names + section->sh_name : "";
}
