/* The stream of main.c in a library that is constructed first. */
#include "race.h"

__attribute__((constructor)) static void construct(void)
{
	slow_stream_open();
	say("early begins");
}

__attribute__((destructor)) static void destruct(void)
{
	say("early ends");
}
