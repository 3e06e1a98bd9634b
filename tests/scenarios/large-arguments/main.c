#define _GNU_SOURCE
#include <unistd.h>

#include "scenario.h"

int needed(void);

int main(int argc, char **argv)
{
	unsigned long hash = 5381;
	int variables = 0;

	for (int i = 1; i < argc; i++)
		for (char *c = argv[i]; *c; c++)
			hash = hash * 33 + (unsigned char)*c;
	for (char **variable = environ; *variable; variable++, variables++)
		for (char *c = *variable; *c; c++)
			hash = hash * 33 + (unsigned char)*c;
	SHOW("%d", argc);
	SHOW("%d", variables);
	SHOW("%lx", hash);
	SHOW("%d", needed());
	SHOW("%s", getenv("VARIABLE_2999"));
	return 0;
}
