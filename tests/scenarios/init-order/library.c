#include <unistd.h>

#include "scenario.h"

static void note(const char *what)
{
	dprintf(1, "%s: %s\n", NAME, what);
}

static void at_exit(void)
{
	note("atexit handler");
}

__attribute__((constructor)) static void plain(int argc, char **argv, char **envp)
{
	note("constructor");
	dprintf(1, "  argc %d, argv[1] %s, envp %s\n", argc, argc > 1 ? argv[1] : "none", envp && *envp ? "set" : "empty");
	atexit(at_exit);
}

__attribute__((constructor(200))) static void second(void)
{
	note("constructor 200");
}

__attribute__((constructor(101))) static void first(void)
{
	note("constructor 101");
}

__attribute__((destructor)) static void end(void)
{
	note("destructor");
}

__attribute__((destructor(101))) static void end_first(void)
{
	note("destructor 101");
}

/* What the compiler's _init calls: a piece of the DT_INIT function itself. */
__attribute__((used)) static void from_init(void)
{
	note("DT_INIT");
}

__attribute__((used)) static void from_fini(void)
{
	note("DT_FINI");
}

__asm__(".section .init,\"ax\",@progbits\n\t" CALL " from_init\n"
	".section .fini,\"ax\",@progbits\n\t" CALL " from_fini\n.text\n");
