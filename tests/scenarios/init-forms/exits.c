#include <stdio.h>
#include <stdlib.h>

static void handler(void)
{
	dprintf(1, "atexit handler\n");
}

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "exits begins\n");
	atexit(handler);
	exit(9);
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "exits ends\n");
}
