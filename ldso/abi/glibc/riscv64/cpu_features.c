/* riscv64: libc asks the kernel itself what the processor can do, so its linker keeps no struct cpu_features. */
#include "../cpu_features.h"

void rl_glibc_cpu_features_fill(const struct rl_glibc_layout *layout, const struct rl_cpu *cpu,
				const struct rl_tunables *tunables, unsigned char *cpu_features)
{
	(void)layout, (void)cpu, (void)tunables, (void)cpu_features; /* of no bytes */
}

void rl_glibc_cpu_restrict(struct rl_cpu *cpu, const struct rl_tunables *tunables)
{
	(void)cpu, (void)tunables; /* no tunable hides a feature here */
}

uint64_t rl_glibc_hwcap(const struct rl_cpu *cpu)
{
	return cpu->hwcap;
}
