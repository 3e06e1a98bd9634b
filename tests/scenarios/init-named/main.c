#include <dlfcn.h>
#include "scenario.h"

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 1; i < argc; i++) {
		void *handle = dlopen(argv[i], RTLD_NOW);

		puts(handle ? "opened" : ERROR_TEXT());
		if (handle)
			dlclose(handle);
	}
	puts("end of main");
	return 0;
}
