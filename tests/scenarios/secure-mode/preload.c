#include <stdio.h>

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "preloaded\n");
}
