#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

#include "scenario.h"

static void list(void)
{
	struct link_map *previous = NULL;

	for (struct link_map *map = _r_debug.r_map; map; previous = map, map = map->l_next) {
		const char *soname = "none";
		ElfW(Addr) strings = 0;

		for (ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_STRTAB)
				strings = entry->d_un.d_ptr;
		/* The addresses in a read-only dynamic section (the vDSO's) are left as they are. */
		if (strings < map->l_addr)
			strings += map->l_addr;
		for (ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_SONAME)
				soname = (const char *)strings + entry->d_un.d_val;
		printf("  [%s] soname %s, links %s\n", map->l_name, base_name(soname), map->l_prev == previous ? "agree" : "DISAGREE");
	}
}

int main(void)
{
	struct r_debug *from_dynamic = NULL;
	void *handle, *self = dlopen(NULL, RTLD_NOW);

	for (ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			from_dynamic = (struct r_debug *)entry->d_un.d_ptr;
	CHECK(from_dynamic == &_r_debug || (from_dynamic && from_dynamic->r_map == _r_debug.r_map));
	SHOW("%d", _r_debug.r_version);
	SHOW("%d", _r_debug.r_state);
	CHECK(_r_debug.r_brk != 0);
	CHECK(_r_debug.r_ldbase == getauxval(AT_BASE) || getauxval(AT_BASE) == 0);
	CHECK((void *)_r_debug.r_map == self);
	CHECK(_r_debug.r_map->l_ld == _DYNAMIC);
	list();
	handle = dlopen("libplug.so", RTLD_NOW);
	list();
	dlclose(handle);
	list();
	return 0;
}
