#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

static void at_exit(void)
{
	puts(TEXT(NAME) ": atexit");
}

__attribute__((constructor)) static void construct(void)
{
	puts(TEXT(NAME) ": constructor");
	atexit(at_exit);
#ifdef EXITS
	exit(9);
#endif
	if (getenv("OPENED_EXITS") != NULL && strcmp(TEXT(NAME), "opened") == 0)
		exit(8);
}

__attribute__((destructor)) static void destroy(void)
{
	puts(TEXT(NAME) ": destructor");
}
