/* Constructors and destructors (gABI "Initialization and Termination Functions"). */
#ifndef RL_LINK_CALLS_H
#define RL_LINK_CALLS_H

#include "linker.h"

/* The program's DT_PREINIT_ARRAY. */
void rl_calls_preinit(struct rl_linker *linker);

/* Construct what is new in root->sorted, dependencies first.  The program itself is only marked: its start-up
 * code runs its constructors. */
void rl_calls_init(struct rl_linker *linker, struct rl_object *root);

/* Construct the objects of LIST, the last one first, that are not constructed. */
void rl_calls_init_list(struct rl_linker *linker, const struct rl_object_list *list);

/* Run the destructors of OBJECT now, if its constructors ran. */
void rl_calls_fini(struct rl_linker *linker, struct rl_object *object);

/* At exit: destroy everything, users before what they use. */
void rl_calls_fini_all(struct rl_linker *linker);

#endif
