#include <stdio.h>
#include <stdlib.h>

static int (*const pointers[])(const char *) = {puts, puts};

const void *relro(void)
{
	return pointers;
}

int plain = 3;

const void *data(void)
{
	return &plain;
}

const void *got(void)
{
	extern char got_table[] __asm__("_GLOBAL_OFFSET_TABLE_") __attribute__((visibility("hidden")));

	free(NULL);
	return got_table;
}
