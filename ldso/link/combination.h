/* Files that are being joined: private to combine.c and compose.c. */
#ifndef RL_LINK_COMBINATION_H
#define RL_LINK_COMBINATION_H

#include "combine.h"

/* Names and their numbers, counted from 0 in the order in which they came. */
struct rl_names {
	const char **items;
	size_t count, capacity;
	uint32_t *places; /* open addressing: number + 1; 0: free */
	size_t place_count;
};

/* Where a section of a unit is in the result. */
struct rl_piece {
	uint32_t section; /* 0: left out */
	uint64_t offset, size;
};

struct rl_unit {
	struct rl_relocatable file;
	char *name;
	Elf64_Half machine;
	struct rl_piece *pieces; /* of each section */
	uint32_t *symbols;       /* of each symbol: global + 1, or 0: local; when writing, its number in the result */
	struct rl_unit *next;
};

/* The better definition has the higher rank. */
enum rl_global_rank { RL_WANTED_WEAKLY, RL_WANTED, RL_DEFINED_WEAKLY, RL_DEFINED_COMMON, RL_DEFINED };

struct rl_global {
	struct rl_unit *unit; /* whose symbol counts */
	uint32_t symbol;
	enum rl_global_rank rank;
	unsigned visibility;
	uint64_t common_size, common_align;
};

struct rl_section_out {
	const char *name;
	Elf64_Shdr header; /* sh_offset and sh_name come last */
	bool is_shared;    /* sections of the same name go here too */
};

struct rl_combination {
	struct rl_unit *first, **end;
	struct rl_names groups;
	struct rl_names names; /* of globals, by the same number */
	struct rl_global *globals;
	size_t global_capacity;
	struct rl_section_out *sections; /* 0 is the null section */
	size_t section_count, section_capacity;
};

#endif
