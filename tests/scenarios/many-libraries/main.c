#include <link.h>
#include <stdio.h>

int everybody(void);

int main(void)
{
	dprintf(1, "\nfirst %d\n", everybody());
	for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		dprintf(1, "%s ", __builtin_strstr(map->l_name, "libn") ? __builtin_strstr(map->l_name, "libn") : "*");
	dprintf(1, "\n");
	return 0;
}
