#include <stdio.h>
#include <stdlib.h>

static void handler(void)
{
	dprintf(1, "%s: atexit\n", NAME);
}

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "%s: begins\n", NAME);
	atexit(handler);
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "%s: ends\n", NAME);
}
