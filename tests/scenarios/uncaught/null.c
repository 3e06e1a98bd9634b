#include <stdio.h>

int main(void)
{
	void (*volatile function)(void) = NULL;

	puts("before");
	fflush(stdout);
	function();
	return 0;
}
