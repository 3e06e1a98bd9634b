#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

const char *wrapped(void);
void *wrap_default(const char *name);

const char *in_program(void)
{
	return "the program";
}

static const char *call(void *handle, const char *name)
{
	const char *(*function)(void) = (const char *(*)(void))dlsym(handle, name);

	return function ? function() : ERROR_TEXT();
}

int main(void)
{
	void *provider, *second, *asker, *deep, *shallow;

	SHOW("%s", wrapped());
	CHECK(dlsym(RTLD_NEXT, "main") == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlsym(RTLD_NEXT, "wrapped") == (void *)wrapped);
	provider = dlopen("libprovider.so", RTLD_NOW | RTLD_LOCAL);
	asker = dlopen("libasker.so", RTLD_NOW);
	SHOW("%s", call(asker, "ask"));
	SHOW("%s", call(provider, "provided"));
	CHECK(wrap_default("provided") == NULL);
	SHOW("%d", dlclose(asker));
	second = dlopen("libsecond.so", RTLD_NOW | RTLD_GLOBAL);
	asker = dlopen("libasker.so", RTLD_NOW);
	SHOW("%s", call(asker, "ask"));
	SHOW("%d", dlclose(asker));
	dlopen("libprovider.so", RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
	SHOW("%s", call(RTLD_DEFAULT, "provided"));
	SHOW("%d", dlclose(second));
	SHOW("%s", call(RTLD_DEFAULT, "provided"));
	shallow = dlopen("libdeep.so", RTLD_NOW);
	SHOW("%s", call(shallow, "deep_ask"));
	SHOW("%d", dlclose(shallow));
	deep = dlopen("libdeep.so", RTLD_NOW | RTLD_DEEPBIND);
	SHOW("%s", call(deep, "deep_ask"));
	SHOW("%s", call(deep, "in_program"));
	SHOW("%s", call(RTLD_DEFAULT, "in_program"));
	SHOW("%s", call(deep, "no_such"));
	return 0;
}
