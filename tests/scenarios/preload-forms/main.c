#include <link.h>
#include <unistd.h>

#include "scenario.h"

const char *who(void);

int main(void)
{
	dprintf(1, "main: %s\n", who());
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		dprintf(1, "  %s\n", map->l_name);
	return 0;
}
