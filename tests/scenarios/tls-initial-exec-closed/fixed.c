#include <stdio.h>

__thread int VARIABLE = VALUE;
static __thread char space[24];

__attribute__((constructor)) static void begin(void)
{
	printf("%s begins\n", NAME);
}

__attribute__((destructor)) static void end(void)
{
	printf("%s ends\n", NAME);
}

int FUNCTION(void)
{
	space[0]++;
	return VARIABLE++ * 10 + space[0];
}
