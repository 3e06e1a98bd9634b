/* Compiled once for each library, with its number. */
#include <stdio.h>

int everybody(void);

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "+%d ", NUMBER);
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "-%d ", NUMBER);
}

int everybody(void)
{
	return NUMBER;
}

int call(void)
{
	return everybody();
}
