/* aarch64: the CPU probe.  Runs once, after self-relocation and before the first search for a file. */
#include "../cpu.h"

struct rl_port_ifunc_argument rl_port_ifunc_argument;

static uint64_t midr_read(void)
{
	uint64_t value;
	__asm__("mrs %0, midr_el1" : "=r"(value));
	return value;
}

/* DCZID_EL0: bit 4 forbids DC ZVA, bits 0 to 3 are the logarithm of its words. */
static uint32_t zva_size_read(void)
{
	uint64_t value;
	__asm__("mrs %0, dczid_el0" : "=r"(value));
	return value & 16 ? 0 : UINT32_C(4) << (value & 15);
}

void rl_cpu_probe(struct rl_cpu *out, const uint64_t *aux)
{
	enum { AUX_HWCAP = 16, AUX_HWCAP2 = 26 };
	*out = (struct rl_cpu){.hwcap = aux[AUX_HWCAP], .hwcap2 = aux[AUX_HWCAP2], .zva_size = zva_size_read()};
	if (out->hwcap & RL_HWCAP_CPUID)
		out->midr = midr_read();
	rl_port_ifunc_argument = (struct rl_port_ifunc_argument){
		.size = sizeof rl_port_ifunc_argument, .hwcap = out->hwcap, .hwcap2 = out->hwcap2};
}

struct rl_cpu_names rl_cpu_names(const struct rl_cpu *cpu)
{
	static const char *const none[] = {NULL};
	/* The kernel's names of the bits of AT_HWCAP. */
	static const char *const features[64] = {
		"fp", "asimd", "evtstrm", "aes", "pmull", "sha1", "sha2", "crc32", "atomics", "fphp", "asimdhp",
		"cpuid", "asimdrdm", "jscvt", "fcma", "lrcpc", "dcpop", "sha3", "sm3", "sm4", "asimddp", "sha512",
		"sve", "asimdfhm", "dit", "uscat", "ilrcpc", "flagm", "ssbs", "sb", "paca", "pacg",
	};
	(void)cpu;
	return (struct rl_cpu_names){.hwcaps = none, .features = features, .features_mask = RL_HWCAP_ATOMICS};
}

/* MINSIGSTKSZ, which is enough without vectors of more than 128 bits. */
size_t rl_cpu_minsigstacksize(const struct rl_cpu *cpu)
{
	(void)cpu;
	return 5120;
}
