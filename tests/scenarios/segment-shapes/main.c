#include <dlfcn.h>

#include "scenario.h"

#ifndef HUGE
#define HUGE 70000
#endif
int library_check(void), onlybss_check(void), nosep_check(void);
static char zeroes[HUGE];
static int data[5000] = {[4999] = 8};

static void opened(const char *name, const char *function)
{
	void *handle = dlopen(name, RTLD_NOW);

	if (handle)
		printf("%s %d\n", name, ((int (*)(void))dlsym(handle, function))());
	else
		printf("%s: %s\n", name, ERROR_TEXT());
}

int main(void)
{
	long sum = 0;

	SHOW("%d", library_check());
	SHOW("%d", onlybss_check());
	SHOW("%d", nosep_check());
	for (unsigned i = 0; i < HUGE; i += HUGE > 1000000 ? 1000003 : 4001)
		sum += zeroes[i]++;
	SHOW("%ld", sum);
	SHOW("%d", zeroes[HUGE - 1]);
	SHOW("%d", data[4999]);
	opened("libomagic.so", "omagic_check");
	opened("libempty.so", "empty_check");
	return 0;
}
