#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "scenario.h"

const char *where(void);

int main(int argc, char **argv)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	(void)argc;
	path[length > 0 ? length : 0] = '\0';
	SHOW("%s", where());
	SHOW("%s", argv[0]);
	SHOW("%s", (const char *)getauxval(AT_EXECFN));
	printf("/proc/self/exe %s\n", path);
	dlinfo(dlopen(NULL, RTLD_NOW), RTLD_DI_ORIGIN, path);
	printf("origin %s\n", path);
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", map->l_name);
	return 0;
}
