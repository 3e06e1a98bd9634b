#include <link.h>

#include "scenario.h"

const char *top(void);

int main(void)
{
	puts(top());
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		printf("  %s\n", map->l_name);
	return 0;
}
