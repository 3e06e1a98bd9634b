/* Stands in front of libbehind.so, with the same names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

int shared = 2;

int who(void)
{
	int (*next)(void) = (int (*)(void))dlsym(RTLD_NEXT, "who");

	printf("front, then %d\n", next ? next() : -1);
	return 2;
}

void ask_next(const char *name)
{
	void *address = dlsym(RTLD_NEXT, name);

	printf("next %s: %s\n", name, address ? "yes" : dlerror());
}
