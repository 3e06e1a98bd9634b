#include <dlfcn.h>

#include "scenario.h"

int check(void), check_rel(void);
static int a, b;
static int *own[] = {&a, &b, 0, &a};

int main(void)
{
	void *handle;

	SHOW("%d", check());
	SHOW("%d", check_rel());
	CHECK(own[0] == &a && own[1] == &b && own[3] == &a);
	handle = dlopen("libopened.so", RTLD_NOW);
	SHOW("%d", ((int (*)(void))dlsym(handle, "check"))());
	return 0;
}
