#include "race.h"

volatile int race_step;

void say(const char *text)
{
	char line[256];
	int length = snprintf(line, sizeof line, "%s\n", text);

	write(1, line, length);
}

void race_atexit(void)
{
	say("atexit");
	race_step = race_step == 1 ? 2 : 1;
}

static ssize_t slow_write(void *unused, const char *text, size_t size)
{
	(void)unused, (void)text;
	usleep(200000);
	say("flushed");
	return (ssize_t)size;
}

void slow_stream_open(void)
{
	FILE *slow = fopencookie(NULL, "w", (cookie_io_functions_t){.write = slow_write});

	if (slow != NULL)
		fputs("x", slow);
}
