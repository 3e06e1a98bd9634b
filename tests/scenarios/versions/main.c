#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

int value(void);
int other(void);

static void show(void *handle, const char *name, const char *version)
{
	int (*function)(void) = version ? dlvsym(handle, name, version) : dlsym(handle, name);

	printf("%s@%s: ", name, version ? version : "");
	if (function)
		printf("%d\n", function());
	else
		printf("%s\n", ERROR_TEXT());
}

int main(void)
{
	SHOW("%d", value());
	SHOW("%d", other());
	show(RTLD_DEFAULT, "value", NULL);
	show(RTLD_DEFAULT, "value", "VER_1");
	show(RTLD_DEFAULT, "value", "VER_2");
	show(RTLD_DEFAULT, "value", "VER_3");
	show(RTLD_DEFAULT, "gone", NULL);
	show(RTLD_DEFAULT, "gone", "VER_1");
	show(RTLD_DEFAULT, "gone", "VER_2");
	show(RTLD_DEFAULT, "printf_is_missing", "GLIBC_2.2.5");
	return 0;
}
