/* Guarded branches, for the processes of libcs whose linkers turn them on. */
#ifndef RL_LINK_GUARD_H
#define RL_LINK_GUARD_H

#include "object.h"

/* Protect OBJECT's code so, if it says that it is ready for that and the CPU does it. */
void rl_guard_object(const struct rl_object *object, size_t page_size);

#endif
