/* A relocatable file between loading and relocation: private to section.c and assemble.c. */
#ifndef RL_LINK_DRAFT_H
#define RL_LINK_DRAFT_H

#include "section.h"

enum rl_draft_part { RL_PART_CODE, RL_PART_READ, RL_PART_WRITE, RL_PART_COUNT };

struct rl_draft {
	char *bytes; /* the whole file, checked once: sections lie inside, symbols name sections and strings that exist */
	size_t size;
	Elf64_Shdr *sections; /* in bytes */
	size_t section_count;
	uint64_t *places; /* of each section, from the start of the mapping; UINT64_MAX: not loaded */
	Elf64_Sym *symbols; /* in bytes; st_value becomes the distance from the start of the mapping (TLS: in its block) */
	size_t symbol_count;
	const char *strings;
	uint32_t *got_words, *stubs; /* of each symbol: number + 1; 0: none */
	size_t got_count, stub_count;
	uint32_t local_module; /* GOT word of our own TLS module + 1 */
	uint64_t starts[RL_PART_COUNT], ends[RL_PART_COUNT]; /* page-aligned */
	uint64_t got, stub_start; /* places */
	uint64_t calls;     /* place of the arrays of constructors and destructors */
	size_t init_count, fini_count;
	bool needs_low; /* 32-bit addresses: the mapping must lie low */
	Elf64_Phdr *phdrs;
};

#endif
