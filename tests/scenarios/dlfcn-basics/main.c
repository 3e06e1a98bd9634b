#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "scenario.h"

static int print_name(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	printf("  %s\n", info->dlpi_name[0] ? base_name(info->dlpi_name) : "(the program)");
	return 0;
}

static void list(const char *when)
{
	printf("loaded %s:\n", when);
	dl_iterate_phdr(print_name, NULL);
	fflush(stdout);
}

static void *open_and_tell(const char *name, int flags)
{
	void *handle = dlopen(name, flags);

	printf("dlopen(%s, %#x): %s\n", name ? name : "NULL", flags, handle ? "opened" : ERROR_TEXT());
	fflush(stdout);
	return handle;
}

int program_symbol(void)
{
	return 77;
}

int main(void)
{
	void *handle, *again, *self;
	int (*function)(void);

	list("at start");
	open_and_tell("libabsent.so", RTLD_NOW);
	open_and_tell("/nonexistent/libabsent.so", RTLD_LAZY);
	open_and_tell("libplug.so", 0);
	open_and_tell("libplug.so", RTLD_NOW | RTLD_NOLOAD);
	open_and_tell("libundefined.so", RTLD_NOW);
	list("after a failed open");
	handle = open_and_tell("libplug.so", RTLD_NOW);
	CHECK(dlsym(RTLD_DEFAULT, "plug") == NULL);
	printf("%s\n", ERROR_TEXT());
	function = dlsym(handle, "plug");
	SHOW("%d", function());
	SHOW("%d", *(int *)dlsym(handle, "plug_value"));
	CHECK(dlsym(handle, "plug_absent") == NULL);
	printf("%s\n", ERROR_TEXT());
	CHECK(dlerror() == NULL);
	again = open_and_tell("libplug.so", RTLD_NOW | RTLD_NOLOAD);
	CHECK(handle == again);
	SHOW("%d", dlclose(again));
	list("while open");
	open_and_tell("libplug.so", RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
	CHECK(dlsym(RTLD_DEFAULT, "plug") == (void *)function);
	SHOW("%d", dlclose(handle));
	fflush(stdout);
	SHOW("%d", dlclose(handle));
	list("after closing");
	SHOW("%d", dlclose(handle));
	printf("%s\n", ERROR_TEXT());
	self = open_and_tell(NULL, RTLD_NOW);
	function = dlsym(self, "program_symbol");
	SHOW("%d", function());
	CHECK(dlsym(self, "printf") == (void *)printf);
	SHOW("%d", dlclose(self));
	return 0;
}
