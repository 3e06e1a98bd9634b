#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include "scenario.h"

int value(void);

static void *first;

static void tell(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW);
	struct link_map *map = NULL;

	if (!handle) {
		printf("%s: %s\n", name, ERROR_TEXT());
		return;
	}
	first = first ? first : handle;
	dlinfo(handle, RTLD_DI_LINKMAP, &map);
	printf("%s: value %d, %s, name %s\n", name, ((int (*)(void))dlsym(handle, "value"))(),
	       handle == first ? "the first" : "another", map->l_name);
}

int main(void)
{
#ifndef ALONE
	SHOW("%d", value());
#endif
	tell("libreal.so");
	tell("./libreal.so");
	tell("linked/libreal.so");
	tell("libsymlink.so");
	tell("libhardlink.so");
	tell("twin/libreal.so");
	tell("twin/../libreal.so");
	tell("libsamesoname.so");
	tell("./libsamesoname.so");
	tell("nowhere/libreal.so");
	if (chdir("twin") == 0)
		tell("./libreal.so");
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", map->l_name);
	return 0;
}
