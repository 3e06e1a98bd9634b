#include "scenario.h"

int gone(void);
int middle(void);

int main(void)
{
#if defined(ALONE)
	puts("ran");
#elif defined(INDIRECT)
	SHOW("%d", middle());
#else
	SHOW("%d", gone());
#endif
	return 0;
}
