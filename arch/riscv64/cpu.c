/* riscv64: the CPU probe.  Runs once, after self-relocation and before the first search for a file. */
#include "../cpu.h"

uint64_t rl_port_hwcap;

/* glibc's __riscv_hwprobe: 0 or a positive error number. */
int rl_port_hwprobe(void *pairs, size_t pair_count, size_t cpu_count, unsigned long *cpus, unsigned flags)
{
	enum { HWPROBE = 258 }; /* SYS_riscv_hwprobe, Linux 6.4 */
	return (int)-rl_syscall6(HWPROBE, (long)pairs, (long)pair_count, (long)cpu_count, (long)cpus, (long)flags, 0);
}

void rl_cpu_probe(struct rl_cpu *out, const uint64_t *aux)
{
	enum { AUX_HWCAP = 16 };
	*out = (struct rl_cpu){.hwcap = aux[AUX_HWCAP]};
	rl_port_hwcap = out->hwcap;
}

struct rl_cpu_names rl_cpu_names(const struct rl_cpu *cpu)
{
	static const char *const none[64] = {NULL};
	(void)cpu;
	return (struct rl_cpu_names){.hwcaps = none, .features = none};
}

/* MINSIGSTKSZ. */
size_t rl_cpu_minsigstacksize(const struct rl_cpu *cpu)
{
	(void)cpu;
	return 2048;
}
