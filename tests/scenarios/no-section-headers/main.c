#include <dlfcn.h>

#include "scenario.h"

int bare(int x);

int main(void)
{
	SHOW("%d", bare(1));
	SHOW("%d", bare(1));
	CHECK(dlsym(dlopen("libbare.so", RTLD_NOW), "bare") == (void *)bare);
	return 0;
}
