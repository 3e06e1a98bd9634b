#include <stdio.h>

static int resolved(int x)
{
	return x * 3;
}

static int count;

static int (*resolve(void))(int)
{
	count++;
	return resolved;
}

int indirect(int x) __attribute__((ifunc("resolve")));

int resolve_count(void)
{
	return count > 0;
}
