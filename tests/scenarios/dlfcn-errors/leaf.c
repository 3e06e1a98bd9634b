#include <stdio.h>

__thread int leaf_tls = 4;

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "leaf begins\n");
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "leaf ends\n");
}
