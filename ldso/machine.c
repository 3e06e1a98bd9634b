/* What the search for files needs to know of the CPU, for every product that searches as the original does. */
#include "machine.h"

struct rl_search_machine rl_machine_for_search(const struct rl_cpu *cpu, uint64_t features,
					       uint64_t platform_address)
{
	struct rl_cpu_names names = rl_cpu_names(cpu);
	return (struct rl_search_machine){
		.platform = names.platform != NULL ? names.platform : (const char *)platform_address,
		.hwcaps = names.hwcaps,
		.feature_names = names.features,
		.features = features,
		.features_mask = names.features_mask,
		.platform_mask = names.platform_mask,
		.platform_bit = names.platform_bit,
		.isa_levels = names.isa_levels,
	};
}
