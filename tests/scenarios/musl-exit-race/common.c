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
