#include <stdio.h>

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "%s begins\n", NAME);
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "%s ends\n", NAME);
}

const char *who(void)
{
	return NAME;
}
