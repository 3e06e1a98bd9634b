/* The older way to sort objects (linker->rules.sorts_by_moves).  For sort.c. */
#ifndef RL_LINK_SORT_MOVES_H
#define RL_LINK_SORT_MOVES_H

#include "object.h"

/* Sort OBJECTS so that each comes before what it needs.  FOR_END: symbol bindings count as needs that give way to
 * others, and objects with a mark, as those that only stand for the linker, move for nobody. */
RL_NODISCARD enum rl_status rl_sort_by_moves(struct rl_object **objects, size_t count, bool for_end);

#endif
