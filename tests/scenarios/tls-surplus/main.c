#include <dlfcn.h>

#include "scenario.h"

int main(void)
{
	static const char *const names[] = {"libsmall.so", "libhuge.so", "libdesc.so", "libhuge.so"};

	for (int i = 0; i < 4; i++) {
		void *handle = dlopen(names[i], RTLD_NOW);
		char *(*use)(void);

		if (!handle) {
			printf("%s: %s\n", names[i], ERROR_TEXT());
			continue;
		}
		use = (char *(*)(void))dlsym(handle, "use");
		printf("%s: %s\n", names[i], use());
	}
	return 0;
}
