#include <unistd.h>

void my_init(void);
void my_fini(void);

static void say(const char *text, size_t size)
{
	if (write(1, text, size) < 0)
		_exit(1);
}

void my_init(void)
{
	say("DT_INIT\n", 8);
}

void my_fini(void)
{
	say("DT_FINI\n", 8);
}

__attribute__((constructor)) static void first(void)
{
	say("constructor\n", 12);
}

__attribute__((destructor)) static void last(void)
{
	say("destructor\n", 11);
}
