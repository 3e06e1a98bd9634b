#define _GNU_SOURCE
#include <dlfcn.h>

#include "scenario.h"

static void *handles[20];

static void fill(void)
{
	for (int i = 0; i < 20; i++) {
		Lmid_t id = -1;

		if (handles[i])
			continue;
		handles[i] = dlmopen(LM_ID_NEWLM, "libtiny.so", RTLD_NOW);
		if (!handles[i]) {
			printf("%d: %s\n", i, ERROR_TEXT());
			return;
		}
		dlinfo(handles[i], RTLD_DI_LMID, &id);
		printf("%d: namespace %ld, %s\n", i, (long)id,
		       i && dlsym(handles[i], "tiny") == dlsym(handles[i - 1], "tiny") ? "shared" : "its own");
	}
}

static void empty(int i)
{
	printf("closing %d: %d\n", i, dlclose(handles[i]));
	handles[i] = NULL;
}

static void into(Lmid_t id)
{
	void *handle = dlmopen(id, "libtiny.so", RTLD_NOW);

	printf("into %ld: %s\n", (long)id, handle ? "opened" : ERROR_TEXT());
	if (handle)
		dlclose(handle);
}

int main(void)
{
	void *stays;
	Lmid_t id;

	fill();
	fill();
	empty(7);
	into(8);
	into(6);
	empty(3);
	empty(14);
	fill();
	for (int i = 0; i < 15; i++)
		empty(i);
	into(1);
	into(15);
	into(16);
	into(-3);
	stays = dlmopen(LM_ID_NEWLM, "libstays.so", RTLD_NOW);
	SHOW("%d", dlclose(stays));
	into(1);
	into(2);
	handles[0] = dlmopen(LM_ID_NEWLM, "libtiny.so", RTLD_NOW);
	dlinfo(handles[0], RTLD_DI_LMID, &id);
	SHOW("%ld", (long)id);
	return 0;
}
