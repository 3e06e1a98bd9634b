#include <stdio.h>

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "plug begins\n");
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "plug ends\n");
}

int plug(void)
{
	return 31;
}
