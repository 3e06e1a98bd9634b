/* Which symbol an address belongs to. */
#ifndef RL_ELF_NEAREST_H
#define RL_ELF_NEAREST_H

#include "symbols.h"

/* The symbol that covers OFFSET, an address less the object's bias, or NULL; of several the one that begins last. */
const Elf64_Sym *rl_symbols_at(const struct rl_symbols *symbols, uint64_t offset);

#endif
