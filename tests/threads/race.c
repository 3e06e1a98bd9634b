/* One thread touches a variable for the first time while another opens a library that wants it in static TLS: it is in
 * one place or the other, for both.
 *     race ROUNDS */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static int rounds;
static atomic_int turn, done; /* the round, or minus it for its second half */
static int *(*_Atomic dynamic)(void), *(*_Atomic user)(void);

static void wait_for(atomic_int *place, int value)
{
	while (atomic_load(place) != value)
		sched_yield();
}

static void *touch(void *unused)
{
	for (int i = 1; i <= rounds; i++) {
		while (atomic_load(&turn) != i)
			;
		for (volatile int wait = 0; wait < i * 37 % 3000; wait++)
			;
		int *variable = atomic_load(&dynamic)(), before = *variable;
		*variable = 8;
		atomic_store(&done, i);
		wait_for(&turn, -i);
		int *(*other)(void) = atomic_load(&user);
		if (before != 7 || *variable != 8 || (other != NULL && other() != variable)) {
			printf("round %d: initially %d, now %d, %s\n", i, before, *variable,
			       other != NULL && other() != variable ? "elsewhere for the user" : "in one place");
			exit(1);
		}
		atomic_store(&done, -i);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	rounds = argc > 1 ? atoi(argv[1]) : 1000;
	pthread_create(&thread, NULL, touch, NULL);
	for (int i = 1; i <= rounds; i++) {
		void *library = dlopen("./libdynamic.so", RTLD_NOW | RTLD_GLOBAL);
		atomic_store(&dynamic, (int *(*)(void))dlsym(library, "dynamic_variable"));
		atomic_store(&turn, i);
		void *wants = dlopen("./libuser.so", RTLD_NOW);
		atomic_store(&user, wants == NULL ? NULL : (int *(*)(void))dlsym(wants, "user_variable"));
		wait_for(&done, i);
		atomic_store(&turn, -i);
		wait_for(&done, -i);
		if (wants != NULL)
			dlclose(wants);
		dlclose(library);
	}
	pthread_join(thread, NULL);
	puts("ok");
	return 0;
}
