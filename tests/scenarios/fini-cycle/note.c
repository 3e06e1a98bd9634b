#include <stdio.h>

void note(const char *what, const char *name)
{
	dprintf(1, "%s %s\n", name, what);
}
