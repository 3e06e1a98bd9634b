/* The stream of main.c in a library that is constructed first. */
#include "race.h"

static ssize_t slow_write(void *unused, const char *text, size_t size)
{
	(void)unused, (void)text;
	usleep(200000);
	say("flushed");
	return (ssize_t)size;
}

__attribute__((constructor)) static void construct(void)
{
	FILE *slow = fopencookie(NULL, "w", (cookie_io_functions_t){.write = slow_write});

	if (slow != NULL)
		fputs("x", slow);
	say("early begins");
}

__attribute__((destructor)) static void destruct(void)
{
	say("early ends");
}
