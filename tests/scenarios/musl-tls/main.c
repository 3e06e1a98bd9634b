#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>

#include "scenario.h"

int gd_check(int), desc_check(int), ie_check(int);
extern __thread int gd_value, desc_value, ie_value;
int *gd_address(void), *desc_address(void);
static __thread int own = 3;
static __thread char large[3000] __attribute__((aligned(256)));
static int (*opened[2])(int);
static pthread_barrier_t barrier;

static void *thread_main(void *argument)
{
	long ok = own == 3 && gd_value == 7 && desc_value == 7 && ie_value == 7 && (uintptr_t)large % 256 == 0;
	ok = ok && gd_check(0) && gd_check(1) && desc_check(0) && ie_check(0) && &gd_value == gd_address()
	     && &desc_value == desc_address();
	own++;
	if (argument != NULL) {
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < 2; i++)
		ok = ok && (opened[i] == NULL || (opened[i](0) && opened[i](1)));
	return (void *)ok;
}

static int show(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size, (void)data;
	if (info->dlpi_tls_modid != 0)
		printf("%s: module %zu, %s\n", base_name(info->dlpi_name), info->dlpi_tls_modid,
		       info->dlpi_tls_data != NULL ? "data" : "no data");
	return 0;
}

int main(void)
{
	pthread_t threads[8];
	void *result, *handle;

	pthread_barrier_init(&barrier, NULL, 9);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, thread_main, &barrier);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 2; i++) {
		handle = dlopen(i == 0 ? "libopen16.so" : "libopen4096.so", RTLD_NOW);
		CHECK(handle != NULL);
		opened[i] = (int (*)(int))dlsym(handle, "open_check");
		CHECK(dlsym(handle, "open_value") == ((int *(*)(void))dlsym(handle, "open_address"))());
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &result);
		CHECK(result != NULL);
	}
	pthread_create(&threads[0], NULL, thread_main, NULL);
	pthread_join(threads[0], &result);
	CHECK(result != NULL);
	CHECK(thread_main(NULL) != NULL);
	dl_iterate_phdr(show, NULL);
	handle = dlopen("libie.so", RTLD_NOW | RTLD_NOLOAD);
	CHECK(handle != NULL);
	return 0;
}
