#include <dlfcn.h>
#include <pthread.h>

#include "scenario.h"

#define THREADS 8
#define ROUNDS 20

long start_add(long n);
static __thread long own = 1;
static pthread_barrier_t barrier;
static long failures;

static void fail(const char *what)
{
	__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
	puts(what);
}

static void *work(void *argument)
{
	long id = (long)argument;

	pthread_barrier_wait(&barrier);
	for (long i = 0; i < 50; i++) {
		char name[] = "libplug0.so";
		void *handle;
		long (*add)(long);
		long first;

		own += id;
		if (start_add(id) != 1000 + id * (i + 1))
			fail("start-up library");
		name[7] = (char)('0' + (i + id) % 4);
		handle = dlopen(name, RTLD_NOW);
		if (!handle) {
			fail(dlerror());
			continue;
		}
		add = (long (*)(long))dlsym(handle, "plug_add");
		first = add(id);
		if (add(id) != first + id)
			fail("opened library");
		dlclose(handle);
	}
	if (own != 1 + 50 * id)
		fail("program");
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_init(&barrier, NULL, THREADS);
		for (long i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, work, (void *)i);
		for (long i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&barrier);
	}
	SHOW("%ld", failures);
	return 0;
}
