#include <stdlib.h>
__thread int static_tls = 11;

int static_step(void)
{
	return ++static_tls;
}
