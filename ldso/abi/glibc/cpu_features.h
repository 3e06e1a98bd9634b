/* What libc wants to know of the processor: struct cpu_features in _rtld_global_ro, and a few numbers beside it.  Each
 * CPU's folder (<cpu>/cpu_features.c) supplies these; what the structure means is between that CPU's libc and us. */
#ifndef RL_ABI_GLIBC_CPU_FEATURES_H
#define RL_ABI_GLIBC_CPU_FEATURES_H

#include "../../../arch/cpu.h"
#include "layout.h"
#include "tunables.h"

/* Write the whole structure (layout->cpu_features.size bytes, zero before) as the original linker of that release
 * leaves it.  Before any IFUNC resolver runs. */
void rl_glibc_cpu_features_fill(const struct rl_glibc_layout *layout, const struct rl_cpu *cpu,
				const struct rl_tunables *tunables, unsigned char *cpu_features);

/* Let tunables take features away from the record of the probe, so that the search for files and rl_glibc_hwcap answer
 * as the original does.  Before the first search; rl_glibc_cpu_features_fill needs no such call. */
void rl_glibc_cpu_restrict(struct rl_cpu *cpu, const struct rl_tunables *tunables);

/* R._dl_hwcap, which getauxval(AT_HWCAP) answers. */
uint64_t rl_glibc_hwcap(const struct rl_cpu *cpu);

#endif
