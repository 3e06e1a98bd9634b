/* x86_64: glibc's picture of the processor while struct cpu_features is made. */
#ifndef RL_ABI_GLIBC_X86_64_CPU_VIEW_H
#define RL_ABI_GLIBC_X86_64_CPU_VIEW_H

#include "../cpu_features.h"
#include "cpu_cache.h"

/* Bits of cpu_features.preferred in the newest numbering; layout->preferred_kind says how a release has them. */
enum rl_glibc_prefer {
	RL_PREFER_FAST_REP_STRING = 1u << 0,
	RL_PREFER_FAST_COPY_BACKWARD = 1u << 1,
	RL_PREFER_SLOW_BSF = 1u << 2,
	RL_PREFER_FAST_UNALIGNED_LOAD = 1u << 3,
	RL_PREFER_PMINUB_FOR_STRINGOP = 1u << 4,
	RL_PREFER_FAST_UNALIGNED_COPY = 1u << 5,
	RL_PREFER_I586 = 1u << 6,
	RL_PREFER_I686 = 1u << 7,
	RL_PREFER_SLOW_SSE4_2 = 1u << 8,
	RL_PREFER_AVX_FAST_UNALIGNED_LOAD = 1u << 9,
	RL_PREFER_MAP_32BIT_EXEC = 1u << 10, /* the bit that some releases lack */
	RL_PREFER_NO_VZEROUPPER = 1u << 11,
	RL_PREFER_ERMS = 1u << 12,
	RL_PREFER_NO_AVX512 = 1u << 13,
	RL_PREFER_MATHVEC_NO_AVX512 = 1u << 14,
	RL_PREFER_FSRM = 1u << 15,
	RL_PREFER_AVOID_SHORT_REP_MOVSB = 1u << 16,
	RL_PREFER_AVOID_NON_TEMPORAL_MEMSET = 1u << 17,
	RL_PREFER_AVOID_STOSB = 1u << 18,
};

/* glibc's picture of the processor while it is made; every step is a function of what stands before it. */
struct rl_glibc_cpu {
	const struct rl_cpu *cpu;
	const struct rl_tunables *tunables;
	unsigned int release;
	bool has_memset_threshold;                 /* the release, or state of its branch, has that field */
	struct rl_cpuid leaf[RL_CPU_LEAF_COUNT];   /* what glibc asks for */
	struct rl_cpuid active[RL_CPU_LEAF_COUNT]; /* what it thinks usable */
	uint32_t preferred;                        /* enum rl_glibc_prefer */
	uint32_t isa_levels;                       /* bit n: level n + 1 */
	uint32_t non_temporal_divisor;             /* share of the last cache from which stores bypass it */
	uint64_t xsave_state_size;
	uint32_t xsave_state_full_size;
	struct rl_glibc_caches caches;
	uint64_t data_size, shared_size;
	uint64_t non_temporal_threshold, memset_non_temporal_threshold;
	uint64_t rep_movsb_threshold, rep_movsb_stop_threshold, rep_stosb_threshold;
};

/* Where rl_glibc_cpu_features_fill wrote: once, at start-up. */
extern const void *rl_glibc_cpu_features;

/* cpu_prefer.c: what a model is good or bad at; may take broken features from active. */
void rl_glibc_cpu_prefer(struct rl_glibc_cpu *view);

/* cpu_cache.c: from which sizes on the string functions change their ways. */
void rl_glibc_cpu_thresholds(struct rl_glibc_cpu *view);

#endif
