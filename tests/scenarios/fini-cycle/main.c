#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "scenario.h"

/* +NAME opens a library, @NAME opens it for all, -NAME closes it. */
int main(int argc, char **argv)
{
	struct {
		const char *name;
		void *handle;
	} opened[16];
	int count = 0;
	for (int i = 1; i < argc; i++) {
		dprintf(1, "%s\n", argv[i]);
		if (argv[i][0] != '-') {
			opened[count].name = argv[i] + 1;
			opened[count].handle = dlopen(argv[i] + 1, RTLD_NOW | (argv[i][0] == '@' ? RTLD_GLOBAL : 0));
			if (opened[count++].handle == NULL)
				dprintf(1, "%s\n", dlerror());
			continue;
		}
		for (int j = 0; j < count; j++)
			if (strcmp(opened[j].name, argv[i] + 1) == 0)
				dprintf(1, "%d\n", dlclose(opened[j].handle));
	}
	return 0;
}
