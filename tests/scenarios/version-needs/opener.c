#include <dlfcn.h>

#include "scenario.h"

int main(void)
{
	void *handle = dlopen("libuser.so", RTLD_NOW);

	if (handle)
		SHOW("%d", ((int (*)(void))dlsym(handle, "user"))());
	else
		printf("%s\n", ERROR_TEXT());
	return 0;
}
