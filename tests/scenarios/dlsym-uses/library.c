#define _GNU_SOURCE
#include <dlfcn.h>

#define GLUE(a, b) a##b
#define JOIN(a, b) GLUE(a, b)

int JOIN(NAME, _value) = 3;

void *JOIN(NAME, _next)(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	return found;
}
