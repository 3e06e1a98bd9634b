/* The CPU probe: what generic code may ask of the processor.  Each CPU's cpu.h gives struct rl_cpu, a record that is
 * filled once at start-up and read-only afterwards; only the glibc personality's folder for the same CPU looks into it.
 */
#ifndef RL_ARCH_CPU_H
#define RL_ARCH_CPU_H

#include "port.h"
#include RL_PORT_CPU_HEADER

/* What the search for files needs to know of the processor.  The strings live for ever. */
struct rl_cpu_names {
	const char *platform;      /* $PLATFORM and a legacy subdirectory, or NULL to keep AT_PLATFORM */
	const char *const *hwcaps; /* subdirectories of glibc-hwcaps whose code runs here, best first, NULL at the end */
	/* Legacy subdirectories, as releases before 2.37 search them: a name for each bit of rl_glibc_hwcap, and the
	 * bits that count unless the user says otherwise. */
	const char *const *features;
	uint64_t features_mask;
	/* The same in ld.so.cache: the bits that name a platform, and the one for ours (0: none). */
	uint64_t platform_mask, platform_bit;
	uint32_t isa_levels; /* bit n: entries of ld.so.cache may ask for level n.  0: not checked */
};

/* Ask the processor, once, and prepare what the leaves of port.h need.  AUX: the kernel's values by AT_* number. */
void rl_cpu_probe(struct rl_cpu *out, const uint64_t *aux);

struct rl_cpu_names rl_cpu_names(const struct rl_cpu *cpu);

/* Minimum signal stack size for a kernel that does not pass AT_MINSIGSTKSZ. */
size_t rl_cpu_minsigstacksize(const struct rl_cpu *cpu);

#endif
