#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "scenario.h"

static void *far;

static void *thread(void *unused)
{
	int *variable = dlsym(far, "far_variable");
	int (*value)(void) = (int (*)(void))dlsym(far, "far_value");

	(void)unused;
	printf("in a thread: %d, %d, %d\n", *variable, value(), *variable);
	return NULL;
}

static void look_up(void)
{
	int (*value)(void) = (int (*)(void))dlsym(far, "far_value");

	SHOW("%d", value());
	CHECK(dlvsym(far, "far_value", "FAR_1") == (void *)value);
	CHECK(dlsym(far, "nothing") == NULL);
	printf("  %s\n", ERROR_TEXT());
	CHECK(dlvsym(far, "far_value", "FAR_2") == NULL);
	printf("  %s\n", ERROR_TEXT());
	CHECK(dlsym(RTLD_DEFAULT, "far_value") == NULL);
	printf("  %s\n", ERROR_TEXT());
	CHECK(dlsym(far, "malloc") != NULL && dlsym(far, "malloc") != dlsym(RTLD_DEFAULT, "malloc"));
	CHECK(dlerror() == NULL);
}

static void ask(void)
{
	struct link_map *map = NULL;
	Lmid_t id = LM_ID_BASE;
	size_t module = 0;
	char origin[4096] = "";
	void *data = NULL;

	SHOW("%d", dlinfo(far, RTLD_DI_LINKMAP, &map));
	CHECK(map == far);
	SHOW("%d", dlinfo(far, RTLD_DI_LMID, &id));
	SHOW("%ld", (long)id);
	SHOW("%d", dlinfo(far, RTLD_DI_ORIGIN, origin));
	CHECK(origin[0] == '/');
	SHOW("%d", dlinfo(far, RTLD_DI_TLS_MODID, &module));
	SHOW("%d", dlinfo(far, RTLD_DI_TLS_DATA, &data));
	CHECK(module != 0 && data != NULL);
	SHOW("%d", dlinfo(far, 12345, &data));
	printf("  %s\n", ERROR_TEXT());
}

static void find_back(void)
{
	void *value = dlsym(far, "far_value");
	struct link_map *map = NULL;
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	SHOW("%d", dladdr(value, &info));
	printf("  %s, %s, %s\n", base_name(info.dli_fname), info.dli_sname, info.dli_saddr == value ? "there" : "elsewhere");
	SHOW("%d", dladdr1(value, &info, (void **)&map, RTLD_DL_LINKMAP));
	CHECK(map == far);
	SHOW("%d", dladdr1(value, &info, (void **)&symbol, RTLD_DL_SYMENT));
	CHECK(symbol->st_size != 0);
}

static void close_all(void)
{
	Lmid_t id = LM_ID_BASE;

	dlinfo(far, RTLD_DI_LMID, &id);
	CHECK(dlmopen(id, "libfar.so", RTLD_LAZY) == far);
	CHECK(dlmopen(id, "libfar.so", RTLD_LAZY | RTLD_NOLOAD) == far);
	SHOW("%d", dlclose(far));
	SHOW("%d", dlclose(far));
	CHECK(dlsym(far, "far_value") != NULL);
	SHOW("%d", dlclose(far));
	CHECK(dlmopen(id, "libfar.so", RTLD_LAZY) == NULL);
	printf("  %s\n", ERROR_TEXT());
}

int main(void)
{
	void *here = dlopen("libfar.so", RTLD_LAZY);
	pthread_t other;

	far = dlmopen(LM_ID_NEWLM, "libfar.so", RTLD_LAZY);
	if (!here || !far) {
		printf("%s\n", ERROR_TEXT());
		return 1;
	}
	CHECK(here != far);
	CHECK(dlsym(here, "far_value") != dlsym(far, "far_value"));
	look_up();
	ask();
	find_back();
	pthread_create(&other, NULL, thread, NULL);
	pthread_join(other, NULL);
	close_all();
	SHOW("%d", dlclose(here));
	return 0;
}
