/* Symbol tables that no file has: made in memory from a list, in the form that lookups read (GNU hash). */
#ifndef RL_ELF_TABLE_H
#define RL_ELF_TABLE_H

#include "symbols.h"

struct rl_symbol_list {
	const Elf64_Sym *symbols; /* st_name counts in strings */
	size_t count;
	const char *strings;      /* ends with a NUL; must outlive the table */
	size_t strings_size;
	const Elf64_Half *versions; /* for each symbol, as in DT_VERSYM; NULL: no versions */
};

/* Make *out_symbols, without names for version numbers, in the heap block *out_block that the caller owns. */
RL_NODISCARD enum rl_status rl_symbols_make(const struct rl_symbol_list *list, struct rl_symbols *out_symbols,
					    void **out_block);

#endif
