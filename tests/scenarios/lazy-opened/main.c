#include <dlfcn.h>

#include "scenario.h"

int main(int argc, char **argv)
{
	void *handle = dlopen("libholes.so", argc > 1 ? RTLD_NOW : RTLD_LAZY);
	int (*good)(int), (*bad)(int);

	(void)argv;
	if (!handle) {
		printf("%s\n", ERROR_TEXT());
		return 0;
	}
	good = (int (*)(int))dlsym(handle, "good");
	bad = (int (*)(int))dlsym(handle, "bad");
	SHOW("%d", good(1));
	fflush(stdout);
	SHOW("%d", bad(1));
	return 0;
}
