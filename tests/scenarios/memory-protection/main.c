#include <dlfcn.h>

#include "scenario.h"

static int (*const pointers[])(const char *) = {puts, puts};
static int plain = 3;

static void permissions(const char *when, const char *what, const void *pointer)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], flags[8];
	unsigned long start, end, address = (unsigned long)pointer;

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &start, &end, flags) == 3 && start <= address && address < end)
			printf("%s: %s %s\n", when, what, flags);
	fclose(maps);
}

__attribute__((constructor)) static void begin(void)
{
	permissions("constructor", "relro", pointers);
	permissions("constructor", "data", &plain);
}

int main(void)
{
	static const char *const names[] = {"libfull.so", "libpartial.so"};
	extern char got_table[] __asm__("_GLOBAL_OFFSET_TABLE_") __attribute__((visibility("hidden")));

	permissions("program", "relro", pointers);
	permissions("program", "got", got_table);
	permissions("program", "code", (const void *)main);
	for (int i = 0; i < 2; i++) {
		void *handle = dlopen(names[i], RTLD_LAZY);

		permissions(names[i], "relro", ((const void *(*)(void))dlsym(handle, "relro"))());
		permissions(names[i], "data", ((const void *(*)(void))dlsym(handle, "data"))());
		permissions(names[i], "got", ((const void *(*)(void))dlsym(handle, "got"))());
		permissions(names[i], "code", dlsym(handle, "got"));
	}
	return 0;
}
