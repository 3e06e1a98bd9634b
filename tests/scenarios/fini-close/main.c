#include <dlfcn.h>

#include "scenario.h"

static void *open_one(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW);

	dprintf(1, "opened %s: %s\n", name, handle ? "yes" : "no");
	return handle;
}

int main(void)
{
	void *upper = open_one("libupper.so");
	void *other = open_one("libother.so");

	dprintf(1, "close upper %d\n", dlclose(upper));
	upper = open_one("libupper.so");
	dprintf(1, "close other %d\n", dlclose(other));
	dprintf(1, "close upper %d\n", dlclose(upper));
	open_one("libother.so");
	open_one("libupper.so");
	dprintf(1, "main returns\n");
	return 0;
}
