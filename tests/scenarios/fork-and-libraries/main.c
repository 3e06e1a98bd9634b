#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

static volatile int stop;

static void *opens(void *unused)
{
	while (!stop) {
		void *handle = dlopen("libplug.so", RTLD_NOW);

		if (handle)
			dlclose(handle);
	}
	return unused;
}

static void *in_child(void *unused)
{
	void *handle = dlopen("libplug.so", RTLD_NOW);

	dprintf(1, "thread of the child %d\n", ((int (*)(void))dlsym(handle, "plug"))());
	return unused;
}

int main(void)
{
	pthread_t thread, other;
	void *handle = dlopen("libplug.so", RTLD_NOW);
	int (*plug)(void) = (int (*)(void))dlsym(handle, "plug");
	int status = 0;
	pid_t child;

	dprintf(1, "%d\n", plug());
	child = fork();
	if (child == 0) {
		dprintf(1, "child %d\n", plug());
		pthread_create(&other, NULL, in_child, NULL);
		pthread_join(other, NULL);
		_exit(5);
	}
	waitpid(child, &status, 0);
	dprintf(1, "%d\n", WEXITSTATUS(status));
	pthread_create(&thread, NULL, opens, NULL);
	usleep(1000);
	child = fork();
	if (child == 0) {
		dprintf(1, "child of threads %d\n", plug());
		_exit(6);
	}
	waitpid(child, &status, 0);
	stop = 1;
	pthread_join(thread, NULL);
	dprintf(1, "%d %d\n", WEXITSTATUS(status), plug());
	return 0;
}
