/* A relocatable file (ET_REL) in memory, checked once: sections lie inside it, symbols name strings and sections that
 * exist, relocation sections hold whole entries.  Follows gABI "Sections" and "Symbol Table", extended numbering
 * included. */
#ifndef RL_ELF_RELOCATABLE_H
#define RL_ELF_RELOCATABLE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/status.h"

/* Larger files, sections and alignments are refused. */
enum { RL_RELOCATABLE_LIMIT = 1 << 30, RL_RELOCATABLE_ALIGN_LIMIT = 4096 };

/* A flag of ours (SHF_MASKOS) on a section of relocations: its name is that of the file that it came from. */
#define RL_SECTION_OF_MEMBER UINT64_C(0x08000000)

/* What rl_relocatable_section returns for symbols that are in no section. */
#define RL_SECTION_ABSOLUTE UINT32_C(0xfffffff1)
#define RL_SECTION_COMMON UINT32_C(0xfffffff2)

struct rl_relocatable {
	char *bytes; /* aligned as a heap block */
	size_t size;
	Elf64_Shdr *sections; /* in bytes */
	size_t section_count;
	Elf64_Sym *symbols; /* in bytes */
	size_t symbol_count;
	const uint32_t *far_sections; /* of each symbol (SHT_SYMTAB_SHNDX), or NULL */
	const char *strings;
	size_t strings_size;
	const char *names; /* of sections; ends with a NUL, or is NULL */
	size_t names_size;
};

/* BYTES stay the caller's, and what is read points into them.  RL_OBJECT_DAMAGED. */
RL_NODISCARD enum rl_status rl_relocatable_read(char *bytes, size_t size, struct rl_relocatable *out);

/* Number of the section that symbol INDEX is in: 0 is undefined, below section_count, or RL_SECTION_…. */
uint32_t rl_relocatable_section(const struct rl_relocatable *file, size_t index);

/* Name of a section, "" if it has none. */
const char *rl_relocatable_name(const struct rl_relocatable *file, const Elf64_Shdr *section);

/* Content of a section as an array of COUNT entries of SIZE bytes; NULL if it is none, or not aligned to 8. */
void *rl_relocatable_array(const struct rl_relocatable *file, const Elf64_Shdr *section, size_t size,
			   size_t *out_count);

#endif
