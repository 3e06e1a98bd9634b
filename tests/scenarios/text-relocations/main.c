#include "scenario.h"

int get_variable(void), get_external(void);

int external(void)
{
	return 77;
}

/* The permissions of the mapping an address lies in. */
static void permissions(const char *what, unsigned long address)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], flags[8];
	unsigned long start, end;

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &start, &end, flags) == 3 && start <= address && address < end)
			printf("%s: %s\n", what, flags);
	fclose(maps);
}

int main(void)
{
	SHOW("%d", get_variable());
	SHOW("%d", get_external());
	permissions("code", (unsigned long)get_variable);
	return 0;
}
