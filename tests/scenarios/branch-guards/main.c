#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include "scenario.h"

static sigjmp_buf back;

static void caught(int number)
{
	siglongjmp(back, number);
}

static void try(const char *name, int (*function)(void))
{
	int signal = sigsetjmp(back, 1);

	if (signal == 0)
		printf("%s: %d\n", name, OPAQUE(function)());
	else
		printf("%s: signal %d\n", name, signal);
}

#ifdef STARTED
int with_pad(void);
int without_pad(void);
#endif

int main(int argc, char **argv)
{
	signal(SIGILL, caught);
	for (int i = 1; i < argc; i++) {
		void *handle = dlopen(argv[i], RTLD_NOW);

		puts(handle ? argv[i] : ERROR_TEXT());
		if (!handle)
			continue;
		try("with", (int (*)(void))dlsym(handle, "with_pad"));
		try("without", (int (*)(void))dlsym(handle, "without_pad"));
	}
#ifdef STARTED
	try("with", with_pad);
	try("without", without_pad);
#endif
	return 0;
}
