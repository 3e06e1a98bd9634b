/* What the search for files needs to know of the CPU. */
#ifndef RL_LDSO_MACHINE_H
#define RL_LDSO_MACHINE_H

#include "../arch/cpu.h"
#include "policy/search.h"

/* FEATURES: what getauxval(AT_HWCAP) answers under glibc; PLATFORM_ADDRESS: the kernel's AT_PLATFORM. */
struct rl_search_machine rl_machine_for_search(const struct rl_cpu *cpu, uint64_t features,
					       uint64_t platform_address);

#endif
