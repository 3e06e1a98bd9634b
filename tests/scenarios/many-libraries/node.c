/* One object for all: each library tells its number through a symbol the link editor defines. */
#include <stdio.h>

extern char node_number[] __attribute__((visibility("hidden")));
int everybody(void);

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "+%ld ", (long)node_number);
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "-%ld ", (long)node_number);
}

int everybody(void)
{
	return (int)(long)node_number;
}

int call(void)
{
	return everybody();
}
