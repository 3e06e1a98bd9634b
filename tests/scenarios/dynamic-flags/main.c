#include <link.h>

#include "scenario.h"

const char *who(void);

int main(void)
{
	SHOW("%s", who());
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", base_name(map->l_name));
	return 0;
}
