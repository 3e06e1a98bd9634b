/* Several relocatable files become one, as `ld -r` would make it: COMDAT groups and COMMON symbols of the same name are
 * one, definitions meet references, .eh_frame sections stand together.  Freestanding, no linker needed. */
#ifndef RL_LINK_COMBINE_H
#define RL_LINK_COMBINE_H

#include "../base/diag.h"
#include "../elf/relocatable.h"

struct rl_combination;

/* NULL: no memory. */
struct rl_combination *rl_combination_make(void);
void rl_combination_drop(struct rl_combination *combination);

/* Add the file NAME with the heap block BYTES, which is taken whatever happens.  RL_OBJECT_DAMAGED, RL_SYMBOL_TWICE,
 * RL_NO_MEMORY; the combination is good for nothing then. */
RL_NODISCARD enum rl_status rl_combination_add(struct rl_combination *combination, const char *name, char *bytes,
					       size_t size, struct rl_diag *diag);

/* Whether a file refers to SYMBOL, not weakly, and none defines it. */
bool rl_combination_wants(const struct rl_combination *combination, const char *symbol);

/* The one file, as a heap block. */
RL_NODISCARD enum rl_status rl_combination_finish(struct rl_combination *combination, char **out_bytes,
						  size_t *out_size);

#endif
