#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

#define VALUE "_ZN6holderILi5EE5valueE"

int main(void)
{
	void *self = dlopen(NULL, RTLD_NOW);
	CHECK(dlsym(self, "first") == NULL);
	void *first = dlopen("libfirst.so", RTLD_NOW), *second = dlopen("libsecond.so", RTLD_NOW);
	CHECK(first != NULL && second != NULL && self != NULL);
	CHECK(dlsym(first, VALUE) != NULL);
	CHECK(dlsym(first, VALUE) == dlsym(second, VALUE));
	CHECK(dlsym(self, "first") == NULL);
	CHECK(dlopen("libfirst.so", RTLD_NOW | RTLD_GLOBAL) == first);
	CHECK(dlsym(self, "first") == dlsym(first, "first"));
	CHECK(dlsym(RTLD_NEXT, "first") == dlsym(first, "first"));
	CHECK(dlsym(RTLD_DEFAULT, "first") == dlsym(first, "first"));
	return 0;
}
