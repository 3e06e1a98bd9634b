#include <cstdio>

struct plug_object {
	const char *name = "plug";
	int uses = 0;
	~plug_object() { std::printf("%s destroyed after %d uses\n", name, uses); std::fflush(stdout); }
};

static thread_local plug_object object;

extern "C" void plug_use() { object.uses++; }

static struct at_unload {
	~at_unload() { std::puts("plug unloaded"); std::fflush(stdout); }
} unload;
