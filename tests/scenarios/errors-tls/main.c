#include <dlfcn.h>
#include <link.h>

#include "scenario.h"

#ifdef DIRECT
extern __thread int absent_tls;
#endif

int main(int argc, char **argv)
{
#ifdef DIRECT
	SHOW("%d", absent_tls);
#endif
	for (int i = 1; i < argc; i++)
		printf("%s: %s\n", argv[i], dlopen(argv[i], RTLD_NOW) ? "opened" : ERROR_TEXT());
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", base_name(map->l_name));
	return 0;
}
