/* riscv64: what the processor is.  The kernel says it; IFUNC resolvers ask for more themselves. */
#ifndef RL_ARCH_RISCV64_CPU_H
#define RL_ARCH_RISCV64_CPU_H

#include <stddef.h>
#include <stdint.h>

struct rl_cpu {
	uint64_t hwcap; /* AT_HWCAP: bit n is the extension of one letter, 'a' + n */
};

#endif
