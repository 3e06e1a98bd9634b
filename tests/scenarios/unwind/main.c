#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>

#include "scenario.h"

int call_back(int (*function)(int), int x);

int show_frames(int x)
{
	void *frames[40];
	int count = backtrace(frames, 40);
	char **names = backtrace_symbols(frames, count);

	for (int i = 0; i < count; i++) {
		const char *name = base_name(names[i]);

		printf("  %.*s\n", (int)strcspn(name, "+ ["), name);
	}
	free(names);
	return x;
}

static void handler(int number)
{
	printf("in the handler\n");
	show_frames(number);
}

static void find(const char *what, void *address)
{
	struct dl_find_object object;

	if (_dl_find_object(address, &object) != 0) {
		printf("%s: nowhere\n", what);
		return;
	}
	printf("%s: %s, flags %llu, inside %d, unwind table %s\n", what, base_name(object.dlfo_link_map->l_name), object.dlfo_flags,
	       object.dlfo_map_start <= address && address < object.dlfo_map_end, object.dlfo_eh_frame ? "yes" : "no");
}

int main(void)
{
	void *handle, *plug;
	int local;

	SHOW("%d", call_back(show_frames, 1));
	handle = dlopen("libplug.so", RTLD_NOW);
	plug = dlsym(handle, "call_back");
	SHOW("%d", ((int (*)(int (*)(int), int))plug)(show_frames, 2));
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	find("main", (void *)main);
	find("library", (void *)call_back);
	find("plug", plug);
	find("libc", dlsym(RTLD_DEFAULT, "printf"));
	find("stack", &local);
	find("null", NULL);
	SHOW("%d", dlclose(handle));
	find("plug after closing", plug);
	handle = dlopen("libplug.so", RTLD_NOW);
	find("plug after opening", dlsym(handle, "call_back"));
	return 0;
}
