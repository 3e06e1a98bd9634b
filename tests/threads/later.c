/* Threads from before, the one that opens, and threads from afterwards see the initial values, at one place. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static pthread_barrier_t barrier;
static int *(*user_variable)(void), *(*dynamic_variable)(void);
static char *(*user_text)(void), *(*dynamic_text)(void);

static void show(const char *who)
{
	printf("%s: %d %s, variable at %s place, text at %s place, %d\n", who, *user_variable(), user_text(),
	       user_variable() == dynamic_variable() ? "one" : "another", user_text() == dynamic_text() ? "one" : "another",
	       ++*dynamic_variable());
}

static void *early(void *unused)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	if (user_text != NULL)
		show("early");
	return unused;
}

static void *late(void *unused)
{
	show("late");
	return unused;
}

int main(void)
{
	pthread_t thread;
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, early, NULL);
	pthread_barrier_wait(&barrier);
	void *dynamic = dlopen("./libdynamic.so", RTLD_NOW | RTLD_GLOBAL), *user = dlopen("./libuser.so", RTLD_NOW);
	if (user == NULL) {
		puts(dlerror());
	} else {
		dynamic_variable = (int *(*)(void))dlsym(dynamic, "dynamic_variable");
		dynamic_text = (char *(*)(void))dlsym(dynamic, "dynamic_text");
		user_variable = (int *(*)(void))dlsym(user, "user_variable");
		user_text = (char *(*)(void))dlsym(user, "user_text");
	}
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	if (user == NULL)
		return 1;
	show("first");
	pthread_create(&thread, NULL, late, NULL);
	pthread_join(thread, NULL);
	return 0;
}
