#include <stdio.h>

void my_init(int argc, char **argv, char **envp);
void my_fini(void);

void my_init(int argc, char **argv, char **envp)
{
	dprintf(1, "DT_INIT argc %d, argv %s, envp %s\n", argc, argv && argv[0] ? "set" : "unset", envp ? "set" : "unset");
}

void my_fini(void)
{
	dprintf(1, "DT_FINI\n");
}

__attribute__((constructor)) static void array(void)
{
	dprintf(1, "named: INIT_ARRAY\n");
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "named: FINI_ARRAY\n");
}
