#include <dlfcn.h>

#include "scenario.h"

int main(int argc, char **argv)
{
	void *caller = dlopen("libcaller.so", argc > 1 ? RTLD_NOW : RTLD_LAZY);
	void *indirect = dlopen("libindirect.so", RTLD_NOW);
	int (*call)(int) = (int (*)(int))dlsym(caller, "call");
	int (*direct)(int) = (int (*)(int))dlsym(indirect, "indirect");
	int (*(*get)(void))(int) = (int (*(*)(void))(int))dlsym(caller, "get");

	(void)argv;
	SHOW("%d", call(2));
	SHOW("%d", direct(5));
	CHECK(get() == direct);
	SHOW("%d", ((int (*)(void))dlsym(indirect, "resolve_count"))());
	SHOW("%d", dlclose(indirect));
	SHOW("%d", call(4));
	SHOW("%d", dlclose(caller));
	return 0;
}
