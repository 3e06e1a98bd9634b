#include <stdio.h>

const char *name(void)
{
	return NAME;
}

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "%s begins\n", NAME);
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "%s ends\n", NAME);
}
