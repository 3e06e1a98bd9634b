#include <stdio.h>

const char *who(void)
{
	return "needed";
}

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "needed begins\n");
}
