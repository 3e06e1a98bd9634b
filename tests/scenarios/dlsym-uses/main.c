#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

/* Functions of which libc has an old version beside the present one, or only old ones. */
static const char *const names[] = {"memcpy", "realpath", "posix_spawn", "fmemopen", "regexec", "step", "advance", "printf"};

static void is_loaded(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW | RTLD_NOLOAD);

	printf("%s is %s\n", name, handle ? "loaded" : "not loaded");
	if (handle)
		dlclose(handle);
}

int main(void)
{
	void *outer = dlopen("libouter.so", RTLD_NOW), *global;
	void *(*next)(const char *) = (void *(*)(const char *))dlsym(outer, "outer_next");

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		printf("%s: next %d, next in a library %d, default %d, all the same %d\n", names[i], dlsym(RTLD_NEXT, names[i]) != NULL,
		       next(names[i]) != NULL, dlsym(RTLD_DEFAULT, names[i]) != NULL,
		       dlsym(RTLD_NEXT, names[i]) == dlsym(RTLD_DEFAULT, names[i]) && dlsym(RTLD_NEXT, names[i]) == next(names[i]));
	CHECK(next("inner_value") == dlsym(outer, "inner_value"));
	CHECK(next("outer_value") == NULL);
	SHOW("%d", dlclose(outer));
	is_loaded("libouter.so");
	is_loaded("libinner.so");
	global = dlopen("libouter.so", RTLD_NOW | RTLD_GLOBAL);
	CHECK(dlsym(RTLD_DEFAULT, "inner_value") == dlsym(global, "inner_value"));
	SHOW("%d", dlclose(global));
	is_loaded("libouter.so");
	is_loaded("libinner.so");
	return 0;
}
