/* STB_GNU_UNIQUE: one definition for a whole namespace, whoever comes first.  Lock-free, because lazy binding meets
 * unique symbols too. */
#ifndef RL_LINK_UNIQUE_H
#define RL_LINK_UNIQUE_H

#include "lookup.h"

/* Replace *binding by the definition that was chosen first for this name, or choose it.  The chosen object stays; if
 * linker->opener chose, once its open is committed, or somebody else has come to use the choice.
 * Under the load lock or in a read section. */
RL_NODISCARD enum rl_status rl_unique_choose(struct rl_namespace *namespace, const struct rl_name *name,
					     struct rl_binding *binding);

/* Forget the choices that fell on OBJECT, which goes away.  Under the load lock. */
void rl_unique_forget(struct rl_namespace *namespace, const struct rl_object *object);

/* The open that began when linker->tentative was UNTIL has succeeded (keeps) or failed.  Under the load lock. */
void rl_unique_settle(struct rl_linker *linker, struct rl_unique_choice *until, bool keeps);

#endif
