/* The dependency graph: closures and the order of construction. */
#ifndef RL_LINK_GRAPH_H
#define RL_LINK_GRAPH_H

#include "linker.h"

/* Load what ROOT and the objects in FIRST (preloads, may be NULL) need, breadth first, and fill root->closure: root,
 * first, then dependencies in the order they were met.  New objects get KIND. */
RL_NODISCARD enum rl_status rl_graph_close(struct rl_linker *linker, struct rl_object *root,
					   const struct rl_object_list *first, enum rl_object_kind kind,
					   struct rl_diag *diag);

/* Fill root->sorted from root->closure: every object before what it needs, ROOT first.  Reversed, it is the order of
 * relocation and construction. */
RL_NODISCARD enum rl_status rl_graph_sort(struct rl_object *root);

/* All objects of NAMESPACE in the order of destruction: users before what they use, where symbol bindings count as
 * use; in the base the first object, the program, first.  The caller drops the list.  No object has a mark, but where
 * linker->rules.sorts_by_moves those that stay in use: they do not move. */
RL_NODISCARD enum rl_status rl_graph_sort_all(struct rl_namespace *namespace, struct rl_object_list *out_list);

/* Check that every version the objects of LIST need is there (those that are not relocated yet). */
RL_NODISCARD enum rl_status rl_graph_check_versions(struct rl_linker *linker, const struct rl_object_list *list,
						    struct rl_diag *diag);

#endif
