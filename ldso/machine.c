/* What the search for files needs to know of the CPU, for every product that searches as the original does. */
#include "machine.h"

struct rl_search_machine rl_machine_for_search(const struct rl_cpu *cpu, uint64_t features,
					       uint64_t platform_address)
{
	/* Legacy subdirectories and cache entries, numbered as in glibc up to 2.36 (ldso/policy/search.h). */
	static const char *const names[] = {"sse2", "x86_64", "avx512_1"};
	const uint64_t platforms = (uint64_t)15 << 48;
	struct rl_search_machine machine = {.hwcaps = rl_cpu_hwcaps(cpu),
					    .feature_names = names,
					    .features = features,
					    .platform_mask = platforms,
					    .platform = rl_cpu_platform(cpu)};
	if (machine.platform != NULL)
		machine.platform_bit = (uint64_t)1 << (machine.platform[0] == 'h' ? 50 : 51);
	else
		machine.platform = (const char *)platform_address;
	machine.isa_levels = (1u << rl_cpu_isa_level(cpu->usable)) - 1;
	return machine;
}
