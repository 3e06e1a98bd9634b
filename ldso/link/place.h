/* Objects in memory that is not simply the kernel's (memory.h), for products that offer it. */
#ifndef RL_LINK_PLACE_H
#define RL_LINK_PLACE_H

#include "memory.h"

/* What rl_memory.place is: reserve the span of MAPPING, and give each segment its content and protection.  Sets the
 * bias, and page size and span as the memory has them.  On failure nothing stays reserved, and *out_error is the errno
 * behind it if there is one. */
RL_NODISCARD enum rl_status rl_place_file(struct rl_mapping *mapping, const char *name, int *out_error);

#endif
