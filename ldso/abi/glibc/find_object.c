/* _dl_find_object: what the unwinder asks for every frame, in any context.  Lock-free. */
#include "glibc.h"

/* struct dl_find_object of <dlfcn.h>. */
struct find_result {
	uint64_t flags;
	uintptr_t map_start, map_end;
	struct rl_link_map *map;
	const void *eh_frame;
	uint64_t reserved[7];
};

int rl_glibc_find_object(struct rl_glibc *glibc, uintptr_t address, void *out_result)
{
	struct rl_address_table *addresses = &glibc->linker->addresses;
	struct find_result *result = out_result;
	size_t version;
	do {
		version = rl_address_version(addresses);
		struct rl_object *object = rl_address_find(addresses, address);
		if (object == NULL || object->eh_frame_header == NULL)
			return -1;
		result->flags = 0;
		result->map_start = object->map_start;
		result->map_end = object->map_end;
		result->map = rl_shadow_map(object);
		result->eh_frame = object->eh_frame_header;
	} while (!rl_address_is_version(addresses, version));
	return 0;
}
