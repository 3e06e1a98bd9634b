#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

const char *wrapped(void)
{
	static char text[64];
	const char *(*next)(void) = (const char *(*)(void))dlsym(RTLD_NEXT, "wrapped");

	snprintf(text, sizeof(text), "wrapper around %s", next ? next() : dlerror());
	return text;
}

void *wrap_default(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}
