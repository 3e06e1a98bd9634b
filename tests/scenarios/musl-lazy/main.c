#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

static void *try_open(const char *name, int mode)
{
	void *handle = dlopen(name, mode);

	printf("dlopen(%s, %d): %s\n", name, mode, handle != NULL ? "done" : ERROR_TEXT());
	return handle;
}

int main(int argc, char **argv)
{
	void *handle, *first;

	setvbuf(stdout, NULL, _IONBF, 0);
	CHECK(try_open("libnothere.so", RTLD_NOW) == NULL);
	CHECK(try_open("./libnothere.so", RTLD_NOW) == NULL);
	CHECK(try_open("", RTLD_NOW) == NULL);
	CHECK(try_open("libneeds.so", RTLD_NOW | RTLD_NOLOAD) == NULL);
	handle = try_open("libneeds.so", RTLD_LAZY);
	SHOW("%d", ((int (*)(void))dlsym(handle, "plain"))());
	CHECK(try_open("libgives.so", RTLD_LAZY) != NULL);
	CHECK(try_open("libgives.so", RTLD_LAZY | RTLD_GLOBAL) != NULL);
	SHOW("%d", ((int (*)(int))dlsym(handle, "uses"))(1));
	first = try_open("libneeds.so", RTLD_NOW | RTLD_NOLOAD);
	CHECK(first == handle);
	CHECK(dlopen(NULL, RTLD_NOW) != NULL);
	SHOW("%d", dlclose(handle));
	SHOW("%d", dlclose(handle));
	SHOW("%d", ((int (*)(int))dlsym(handle, "uses"))(2));
	SHOW("%d", dlclose((void *)8));
	puts(ERROR_TEXT());
	CHECK(dlsym((void *)8, "x") == NULL);
	puts(ERROR_TEXT());
	puts(ERROR_TEXT());
	CHECK(dlsym(handle, "nothing") == NULL);
	CHECK(dlsym(handle, "uses") != NULL);
	puts(ERROR_TEXT());
	SHOW("%d", dlinfo(handle, 77, &first));
	puts(ERROR_TEXT());
	SHOW("%d", dlinfo(handle, RTLD_DI_LINKMAP, &first));
	CHECK(first == handle);
	if (argc > 1)
		CHECK(try_open(argv[1], RTLD_NOW) == NULL);
	return 0;
}
