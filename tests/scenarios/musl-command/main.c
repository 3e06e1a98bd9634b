#define _GNU_SOURCE
#include <errno.h>
#include <sys/auxv.h>

#include "scenario.h"

int two(void);
extern char **environ;

int main(int argc, char **argv)
{
	for (int i = 0; i <= argc; i++)
		printf("argv[%d] = %s\n", i, argv[i] != NULL ? argv[i] : "end");
	SHOW("%d", two());
	SHOW("%d", errno);
	CHECK(environ == argv + argc + 1);
	SHOW("%s", getenv("LD_PRELOAD") != NULL ? getenv("LD_PRELOAD") : "unset");
	SHOW("%s", getenv("LD_LIBRARY_PATH") != NULL ? getenv("LD_LIBRARY_PATH") : "unset");
	SHOW("%s", program_invocation_name);
	CHECK(getauxval(AT_PHDR) != 0);
	SHOW("%d", getauxval(AT_BASE) != 0);
	SHOW("%lu", getauxval(AT_PHENT));
	SHOW("%d", getauxval(AT_SECURE) != 0);
	return 0;
}
