/* Changing the search list of an object that is in use. */
#ifndef RL_LINK_SEARCH_H
#define RL_LINK_SEARCH_H

#include "linker.h"

RL_NODISCARD enum rl_status rl_search_list_add(struct rl_object *object, const struct rl_scope_cell *cell);
void rl_search_list_remove(struct rl_object *object, const struct rl_scope_cell *cell);

#endif
