#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#include "scenario.h"

static void *open_and_tell(const char *name, int flags)
{
	void *handle = dlopen(name, flags);

	dprintf(1, "dlopen(%s, %#x): %s\n", name, flags, handle ? "opened" : ERROR_TEXT());
	return handle;
}

static void close_and_tell(void *handle)
{
	dprintf(1, "dlclose: %d\n", dlclose(handle));
}

int main(void)
{
	void *handle, *dep;

	open_and_tell("libplain.so", 0);
	open_and_tell("libplain.so", RTLD_GLOBAL);
	open_and_tell("", RTLD_NOW);
	open_and_tell("libnodlopen.so", RTLD_NOW);
	open_and_tell("libneedsnodlopen.so", RTLD_NOW);
	handle = open_and_tell("libnodelete.so", RTLD_NOW);
	close_and_tell(handle);
	open_and_tell("libnodelete.so", RTLD_NOW | RTLD_NOLOAD);
	handle = open_and_tell("libglobal.so", RTLD_NOW);
	dprintf(1, "name is %s global\n", dlsym(RTLD_DEFAULT, "name") ? "now" : "not");
	close_and_tell(handle);
	handle = open_and_tell("libplain.so", RTLD_NOW);
	dep = open_and_tell("libdep.so", RTLD_NOW);
	close_and_tell(handle);
	dprintf(1, "%s\n", ((const char *(*)(void))dlsym(dep, "name"))());
	close_and_tell(dep);
	open_and_tell("libplain.so", RTLD_NOW | RTLD_NOLOAD);
	handle = open_and_tell("libplain.so", RTLD_NOW);
	open_and_tell("libplain.so", RTLD_NOW | RTLD_NODELETE);
	close_and_tell(handle);
	close_and_tell(handle);
	dprintf(1, "still there: %s\n", dlopen("libplain.so", RTLD_NOW | RTLD_NOLOAD) ? "yes" : "no");
	return 0;
}
