#include <stdio.h>

int hole(int);

int good(int x)
{
	return x + 1;
}

int bad(int x)
{
	return hole(x) + good(x);
}
