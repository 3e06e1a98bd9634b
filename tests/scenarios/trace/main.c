#include <stdio.h>

int middle(void);

int main(void)
{
	printf("ran %d\n", middle());
	return 0;
}
