#include <dlfcn.h>

#include "scenario.h"

int good(void);

int main(int argc, char **argv)
{
	char path[256];

	SHOW("%d", good());
	for (int i = 1; i < argc; i++) {
		snprintf(path, sizeof(path), "./%s/libgood.so", argv[i]);
		printf("%s: %s\n", argv[i], dlopen(path, RTLD_NOW) ? "opened" : ERROR_TEXT());
	}
	return 0;
}
