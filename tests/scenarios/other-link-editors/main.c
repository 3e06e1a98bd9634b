#include <dlfcn.h>

#include "scenario.h"

int gold_use(const char *), lld_use(const char *), clang_use(const char *);
extern int gold_data[3], lld_data[3], clang_data[3];
static __thread char own[100] = "own";

int main(int argc, char **argv)
{
	SHOW("%d", gold_use("gold"));
	SHOW("%d", lld_use("lld"));
	SHOW("%d", clang_use("clang"));
	SHOW("%d", gold_data[0] + lld_data[1] + clang_data[2]);
	SHOW("%s", own);
	if (argc > 1) {
		void *handle = dlopen(argv[1], RTLD_NOW);

		if (handle)
			SHOW("%d", ((int (*)(const char *))dlsym(handle, "relr_use"))("relr"));
		else
			puts(ERROR_TEXT());
	}
	return 0;
}
