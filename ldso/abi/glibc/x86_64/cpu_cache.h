/* The processor's caches as glibc counts them, for struct cpu_features. */
#ifndef RL_ABI_GLIBC_X86_64_CPU_CACHE_H
#define RL_ABI_GLIBC_X86_64_CPU_CACHE_H

#include "../../../../arch/cpu.h"

/* Bytes, ways, bytes a line.  0: the processor has none; -1: it does not say. */
struct rl_glibc_cache {
	long size, ways, line;
};

struct rl_glibc_caches {
	struct rl_glibc_cache level1_code, level1_data, level2, level3;
	long level4_size;
	long shared;            /* the last level, with level 2 if that holds other data */
	long shared_per_thread; /* what one hardware thread gets of it */
};

/* Pure computation from the record of the probe.  release is 236 for 2.36. */
void rl_glibc_caches_compute(const struct rl_cpu *cpu, unsigned int release, struct rl_glibc_caches *out);

#endif
