#include "scenario.h"

__thread int shared = 50;
int library_get(void);
int gnu2_get(void);

int main(void)
{
	SHOW("%d", library_get());
	SHOW("%d", gnu2_get());
	SHOW("%d", shared);
	return 0;
}
