#include <stdio.h>

int main(void)
{
	return puts("runs") < 0;
}
