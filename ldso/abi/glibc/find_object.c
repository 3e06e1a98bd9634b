/* _dl_find_object: what the unwinder asks for every frame, in any context.  Lock-free. */
#include "glibc.h"

/* False: nobody's, or without what the unwinder needs. */
static bool result_fill(struct rl_address_found found, struct rl_found_object *result)
{
	if (found.object == NULL || found.object->eh_frame_header == NULL)
		return false;
	result->dlfo_flags = 0;
	result->dlfo_map_start = found.start;
	result->dlfo_map_end = found.end;
	result->dlfo_link_map = rl_shadow_map(found.object);
	result->dlfo_eh_frame = found.object->eh_frame_header;
	return true;
}

int rl_glibc_find_object(struct rl_glibc *glibc, uintptr_t address, struct rl_found_object *out_result)
{
	struct rl_address_table *addresses = &glibc->linker->addresses;
	size_t version;
	bool is_found;
	do {
		version = rl_address_version(addresses);
		is_found = result_fill(rl_address_search(addresses, version, address), out_result);
	} while (!rl_address_is_version(addresses, version));
	return is_found ? 0 : -1;
}
