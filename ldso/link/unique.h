/* STB_GNU_UNIQUE: one definition for a whole namespace, whoever comes first.  Lock-free, because lazy binding meets
 * unique symbols too. */
#ifndef RL_LINK_UNIQUE_H
#define RL_LINK_UNIQUE_H

#include "lookup.h"

/* Replace *binding by the definition that was chosen first for this name, or choose it.  The chosen object stays.
 * Under the load lock or in a read section. */
RL_NODISCARD enum rl_status rl_unique_choose(struct rl_namespace *namespace, const struct rl_name *name,
					     struct rl_binding *binding);

/* Forget the choices that fell on OBJECT, which goes away.  Under the load lock. */
void rl_unique_forget(struct rl_namespace *namespace, const struct rl_object *object);

#endif
