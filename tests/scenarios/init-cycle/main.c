#include <dlfcn.h>
#include <unistd.h>

#include "scenario.h"

int main(int argc, char **argv)
{
	dprintf(1, "main\n");
	if (argc > 1) {
		void *handle = dlopen(argv[1], RTLD_NOW);

		dprintf(1, "opened %s\n", handle ? "yes" : dlerror());
		dprintf(1, "dlclose %d\n", dlclose(handle));
	}
	return 0;
}
