#include <dlfcn.h>
#include <pthread.h>

#include "scenario.h"

static void *opened(const char *name, int mode)
{
	void *handle = dlopen(name, mode);

	if (handle == NULL)
		printf("%s: %s\n", name, ERROR_TEXT());
	fflush(stdout);
	return handle;
}

static int called(void *handle, const char *name)
{
	return ((int (*)(void))dlsym(handle, name))();
}

static void *thread_main(void *user)
{
	SHOW("%d", called(user, "use"));
	SHOW("%d", called(user, "use"));
	return NULL;
}

static void round_run(void)
{
	pthread_t thread;
	void *fixed = opened("libfixed.so", RTLD_NOW | RTLD_GLOBAL), *other = opened("libother.so", RTLD_NOW | RTLD_GLOBAL);
	void *user = opened("libuser.so", RTLD_LAZY), *plain;

	SHOW("%d", called(fixed, "fixed_value"));
	SHOW("%d", called(other, "other_value"));
	SHOW("%d", called(user, "use"));
	pthread_create(&thread, NULL, thread_main, user);
	pthread_join(thread, NULL);
	SHOW("%d", dlclose(fixed)); /* stays: another library needs it */
	SHOW("%d", called(user, "use"));
	CHECK(dlopen("libfixed.so", RTLD_NOW | RTLD_NOLOAD) == fixed);
	SHOW("%d", dlclose(fixed));
	SHOW("%d", dlclose(other));
	CHECK(dlsym(RTLD_DEFAULT, "other_value") == NULL); /* before other memory takes the place of what was unmapped */
	plain = opened("libplain.so", RTLD_NOW);
	SHOW("%d", dlclose(user)); /* and with it the library that only it needs */
	CHECK(dlopen("libfixed.so", RTLD_NOW | RTLD_NOLOAD) == NULL);
	CHECK(dlsym(RTLD_DEFAULT, "fixed_value") == NULL);
	SHOW("%d", called(plain, "plain"));
	SHOW("%d", dlclose(plain));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < 3; i++)
		round_run();
	return 0;
}
