#include <dlfcn.h>

#include "scenario.h"

const char *runpath_try(const char *), *rpath_try(const char *), *none_try(const char *);

int main(void)
{
	const char *names[] = {"libplug.so", "$ORIGIN/libplug.so", "$ORIGIN/deep/libplug.so", "${ORIGIN}/libplug.so", "deep/libplug.so",
			       "$NOSUCH/libplug.so", "$LIB/libplug.so"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *handle = dlopen(names[i], RTLD_NOW);

		printf("%s: program %s\n", names[i], handle ? "opened" : ERROR_TEXT());
		if (handle)
			dlclose(handle);
		printf("  runpath %s\n", runpath_try(names[i]));
		printf("  rpath %s\n", rpath_try(names[i]));
		printf("  none %s\n", none_try(names[i]));
	}
	return 0;
}
