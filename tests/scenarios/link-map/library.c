#include <link.h>
#include <stdio.h>

__attribute__((constructor)) static void begin(void)
{
	printf("constructor: state %d\n", _r_debug.r_state);
}

__attribute__((destructor)) static void end(void)
{
	printf("destructor: state %d\n", _r_debug.r_state);
}
