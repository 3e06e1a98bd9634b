/* Growing lists of objects. */
#ifndef RL_LINK_LIST_H
#define RL_LINK_LIST_H

#include "object.h"

RL_NODISCARD enum rl_status rl_list_append(struct rl_object_list *list, struct rl_object *object);
RL_NODISCARD enum rl_status rl_list_reserve(struct rl_object_list *list, size_t count);
bool rl_list_has(const struct rl_object_list *list, const struct rl_object *object);
void rl_list_remove(struct rl_object_list *list, const struct rl_object *object);
void rl_list_drop(struct rl_object_list *list);

#endif
