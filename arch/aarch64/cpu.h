/* aarch64: what the processor is.  The kernel says nearly all of it; two registers tell the rest. */
#ifndef RL_ARCH_AARCH64_CPU_H
#define RL_ARCH_AARCH64_CPU_H

#include <stddef.h>
#include <stdint.h>

enum {
	RL_HWCAP_ATOMICS = 1u << 8,
	RL_HWCAP_CPUID = 1u << 11, /* identification registers may be read */
	RL_HWCAP_SVE = 1u << 22,
	RL_HWCAP2_BTI = 1u << 17,
};
#define RL_HWCAP2_MOPS (UINT64_C(1) << 43)

struct rl_cpu {
	uint64_t hwcap, hwcap2; /* AT_HWCAP, AT_HWCAP2 */
	uint64_t midr;          /* MIDR_EL1: which core; 0 if the kernel does not show it */
	uint32_t zva_size;      /* bytes that DC ZVA zeroes, 0 if it must not be used */
};

#endif
