#include <dlfcn.h>
#include <unistd.h>

#include "scenario.h"

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "main begins\n");
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "main ends\n");
}

int main(int argc, char **argv)
{
	dprintf(1, "main\n");
	if (argc > 1) {
		void *handle = dlopen(argv[1], RTLD_LAZY);

		dprintf(1, "opened %s\n", handle ? "yes" : dlerror());
		dprintf(1, "dlclose %d\n", dlclose(handle));
	}
	return 0;
}
