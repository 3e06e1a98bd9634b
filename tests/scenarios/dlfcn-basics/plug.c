#include <unistd.h>
#include <stdio.h>

int plug_value = 5;

int plug(void)
{
	return plug_value;
}

__attribute__((constructor)) static void begin(void)
{
	dprintf(1, "plug begins\n");
}

__attribute__((destructor)) static void end(void)
{
	dprintf(1, "plug ends\n");
}
