#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "scenario.h"

static void *handles[5];
static pthread_barrier_t barrier;
static __thread int own = 1;

static void open_one(int i)
{
	char name[] = "libm0.so";
	size_t module = 99;
	int (*bump)(void);

	name[4] = (char)('0' + i);
	handles[i] = dlopen(name, RTLD_NOW);
	dlinfo(handles[i], RTLD_DI_TLS_MODID, &module);
	bump = (int (*)(void))dlsym(handles[i], "bump");
	printf("%s is module %zu, first value %d\n", name, module, bump());
}

static void data_of(int i)
{
	void *data = NULL;

	dlinfo(handles[i], RTLD_DI_TLS_DATA, &data);
	printf("%d: data is %s\n", i, data ? "allocated" : "not allocated");
	if (data)
		CHECK(data == dlsym(handles[i], "value"));
}

static void *other(void *unused)
{
	int (*bump)(void) = (int (*)(void))dlsym(handles[0], "bump");

	data_of(0);
	printf("other: %d\n", bump());
	data_of(0);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	bump = (int (*)(void))dlsym(handles[1], "bump");
	printf("other after reopening: %d\n", bump());
	return unused;
}

static int show(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	printf("  %s module %zu data %s\n", base_name(info->dlpi_name), info->dlpi_tls_modid, info->dlpi_tls_data ? "yes" : "no");
	return 0;
}

int main(void)
{
	pthread_t thread;
	size_t module = 99;

	own++;
	for (int i = 0; i < 4; i++)
		open_one(i);
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, other, NULL);
	pthread_barrier_wait(&barrier);
	SHOW("%d", dlclose(handles[1]));
	SHOW("%d", dlclose(handles[2]));
	open_one(2);
	open_one(1);
	dl_iterate_phdr(show, NULL);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	handles[4] = dlopen("libnone.so", RTLD_NOW);
	SHOW("%d", dlinfo(handles[4], RTLD_DI_TLS_MODID, &module));
	SHOW("%zu", module);
	return 0;
}
