#include <unistd.h>

#include "scenario.h"

static void preinit(int argc, char **argv, char **envp)
{
	dprintf(1, "main: preinit argc %d argv[0] %s envp %s\n", argc, base_name(argv[0]), *envp ? "set" : "empty");
}

__attribute__((section(".preinit_array"), used)) static void (*preinit_pointer)(int, char **, char **) = preinit;

static void at_exit_one(void)
{
	dprintf(1, "main: atexit one\n");
}

static void at_exit_two(void)
{
	dprintf(1, "main: atexit two\n");
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
	dprintf(1, "main: constructor argc %d argv[0] %s\n", argc, base_name(argv[0]));
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "main: destructor\n");
}

int main(int argc, char **argv)
{
	atexit(at_exit_one);
	atexit(at_exit_two);
	dprintf(1, "main\n");
	if (argc > 1 && !strcmp(argv[1], "exit"))
		exit(0);
	if (argc > 1 && !strcmp(argv[1], "_exit"))
		_exit(0);
	return 0;
}
