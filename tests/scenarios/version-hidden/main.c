#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

int f(void), g(void), h(void);

static void show(const char *name)
{
	int (*function)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, name);

	if (function)
		printf("dlsym %s %d\n", name, function());
	else
		printf("dlsym %s: %s\n", name, ERROR_TEXT());
}

int main(void)
{
	SHOW("%d", f());
	SHOW("%d", g());
	SHOW("%d", h());
	show("f");
	show("g");
	show("h");
	return 0;
}
