#include <dlfcn.h>
#include <link.h>

#include "scenario.h"

const char *who(void);

int main(int argc, char **argv)
{
	SHOW("%s", who());
	for (int i = 1; i < argc; i++) {
		void *handle = dlopen(argv[i], RTLD_NOW);

		printf("%s: %s\n", argv[i], handle ? ((const char *(*)(void))dlsym(handle, "who"))() : ERROR_TEXT());
	}
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", map->l_name);
	return 0;
}
