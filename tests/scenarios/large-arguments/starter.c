#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT 3000

int main(int argc, char **argv)
{
	static char *arguments[COUNT + 5], *environment[COUNT + 5];
	static char long_argument[100000], path[60000];
	int n = 0;
	char *end;

	for (int i = 1; i < argc; i++)
		arguments[n++] = argv[i];
	for (int i = 0; i < COUNT; i++) {
		arguments[n + i] = malloc(32);
		snprintf(arguments[n + i], 32, "argument-%d", i);
		environment[i] = malloc(32);
		snprintf(environment[i], 32, "VARIABLE_%d=%d", i, i);
	}
	memset(long_argument, 'x', sizeof(long_argument) - 1);
	arguments[n] = long_argument;
	end = stpcpy(path, "LD_LIBRARY_PATH=");
	for (int i = 0; i < 600; i++)
		end += sprintf(end, "/nonexistent/folder-%d/sub:", i);
	strcpy(end, strrchr(argv[argc - 1], '/') ? strndup(argv[argc - 1], (size_t)(strrchr(argv[argc - 1], '/') - argv[argc - 1])) : ".");
	environment[1500] = path;
	execve(arguments[0], arguments, environment);
	return 126;
}
