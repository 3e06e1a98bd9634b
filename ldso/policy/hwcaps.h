/* Which variants of a library this machine can use: subdirectories to look into before a directory itself, and the
 * preference among entries of ld.so.cache. */
#ifndef RL_POLICY_HWCAPS_H
#define RL_POLICY_HWCAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "search.h"

struct rl_subdirectory {
	const char *name; /* with its final slash; "" for the directory itself, which comes last.  Not terminated. */
	size_t length;
};

struct rl_hwcaps {
	const struct rl_options *options;
	const struct rl_search_machine *machine;
	uint64_t features; /* machine->features without what the user masked */

	struct rl_subdirectory *subdirectories; /* NULL until rl_hwcaps_list */
	unsigned count;
	size_t longest;
};

/* Cheap: nothing is listed yet. */
void rl_hwcaps_init(struct rl_hwcaps *hwcaps, const struct rl_options *options,
		    const struct rl_search_machine *machine);

/* Fill the list of subdirectories, once.  False: no memory. */
bool rl_hwcaps_list(struct rl_hwcaps *hwcaps);

/* Preference of a glibc-hwcaps name: 1 is best, 0 means that this machine must not use it. */
unsigned rl_hwcaps_priority(const struct rl_hwcaps *hwcaps, const char *name);

#endif
