#include "scenario.h"

int first(void);
int second(void);

int main(void)
{
	SHOW("%d", first());
	SHOW("%d", second());
	return 0;
}
