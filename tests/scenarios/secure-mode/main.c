#define _GNU_SOURCE
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "scenario.h"

int value(void);

int main(void)
{
	SHOW("%lu", getauxval(AT_SECURE));
	CHECK(geteuid() == 0);
	SHOW("%d", value());
	for (char **variable = environ; *variable; variable++)
		puts(*variable);
	SHOW("%s", secure_getenv("KEPT") ? "given" : "withheld");
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", map->l_name);
	return 0;
}
