#include <stdio.h>

static int count;

__attribute__((constructor)) static void begin(void)
{
	puts("common begins");
}

__attribute__((destructor)) static void end(void)
{
	puts("common ends");
}

int common_next(void)
{
	return ++count;
}
