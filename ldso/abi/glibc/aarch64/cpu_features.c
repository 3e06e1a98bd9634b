/* struct cpu_features as glibc's own linker leaves it, aarch64.  Runs once, before the first IFUNC resolver.
 *
 * Behind zva_size follow bytes whose meaning is the same in all releases that have them: is BTI there, the state of
 * memory tagging (off), is SVE there, is it preferred for strings, is there an instruction that copies.
 */
#include "../cpu_features.h"

#include <string.h>

enum { BYTES = 4, BTI = 0, SVE = 2, PREFERS_SVE = 3, MOPS = 4 }; /* bytes behind zva_size's four */

/* Names of cores for the tunable glibc.cpu.name. */
static const struct {
	char name[16];
	uint32_t midr;
} cores[] = {
	{"thunderxt88", 0x430f0a10}, {"thunderx2t99", 0x431f0af0}, {"thunderx2t99p1", 0x420f5160},
	{"ares", 0x411fd0c0},        {"emag", 0x503f0001},         {"kunpeng920", 0x481fd010},
	{"a64fx", 0x460f0010},       {"generic", 0},
};

static uint64_t midr_of(const struct rl_cpu *cpu, const struct rl_tunables *tunables)
{
	size_t length = 0;
	const char *name = rl_tunables_text(tunables, "glibc.cpu.name", &length);
	for (size_t i = 0; name != NULL && i < sizeof cores / sizeof *cores; i++)
		if (strlen(cores[i].name) == length && memcmp(cores[i].name, name, length) == 0)
			return cores[i].midr;
	return cpu->midr;
}

void rl_glibc_cpu_features_fill(const struct rl_glibc_layout *layout, const struct rl_cpu *cpu,
				const struct rl_tunables *tunables, unsigned char *cpu_features)
{
	const struct rl_glibc_cpu_features *fields = &layout->cpu_features;
	uint64_t midr = midr_of(cpu, tunables);
	memcpy(cpu_features + fields->midr_el1, &midr, sizeof midr);
	memcpy(cpu_features + fields->zva_size, &cpu->zva_size, sizeof cpu->zva_size);
	unsigned char *bytes = cpu_features + fields->zva_size + BYTES;
	bytes[BTI] = (cpu->hwcap2 & RL_HWCAP2_BTI) != 0;
	bytes[SVE] = (cpu->hwcap & RL_HWCAP_SVE) != 0;
	if (fields->zva_size + BYTES + MOPS < fields->size) {
		bytes[PREFERS_SVE] = bytes[SVE];
		bytes[MOPS] = (cpu->hwcap2 & RL_HWCAP2_MOPS) != 0;
	}
}

void rl_glibc_cpu_restrict(struct rl_cpu *cpu, const struct rl_tunables *tunables)
{
	(void)cpu, (void)tunables; /* no tunable hides a feature here */
}

uint64_t rl_glibc_hwcap(const struct rl_cpu *cpu)
{
	return cpu->hwcap;
}
