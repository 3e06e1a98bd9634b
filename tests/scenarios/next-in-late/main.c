#include <dlfcn.h>
#include <stdio.h>

int main(void)
{
	for (int round = 0; round < 2; round++) {
		void *handle = dlopen("./liblate.so", RTLD_NOW);
		if (handle == NULL) {
			puts(dlerror());
			return 1;
		}
		void (*tell)(const char *) = (void (*)(const char *))dlsym(handle, "tell");
		tell("function");
		dlclose(handle);
	}
	return 0;
}
