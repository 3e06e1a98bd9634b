/* A library whose constructor and destructor do what the environment says. */
#include "race.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

static int is_wanted(const char *what)
{
	const char *value = getenv(STRING(NAME));

	return value != NULL && strcmp(value, what) == 0;
}

static void *exit_thread(void *code)
{
	exit((int)(intptr_t)code);
	return NULL;
}

static void *open_thread(void *name)
{
	say(dlopen(name, RTLD_NOW) != NULL ? "opened" : dlerror());
	return NULL;
}

static void *fork_thread(void *unused)
{
	pid_t child = fork();
	int status;

	(void)unused;
	if (child == 0) {
		say(dlopen("libslow.so", RTLD_NOW) != NULL ? "opened in the child" : dlerror());
		say(dlopen("libquick.so", RTLD_NOW) != NULL ? "another opened in the child" : dlerror());
		_exit(0);
	}
	waitpid(child, &status, 0);
	say(status == 0 ? "the child has ended" : "the child failed");
	race_step = 1;
	return NULL;
}

__attribute__((constructor)) static void construct(void)
{
	pthread_t thread;

	say(STRING(NAME) " begins");
	if (is_wanted("exit") || is_wanted("exit-again")) {
		atexit(race_atexit);
		pthread_create(&thread, NULL, exit_thread, (void *)(intptr_t)7);
		/* exit has called its functions: it waits for us now, or has gone on. */
		while (!race_step)
			usleep(1000);
		usleep(100000);
	}
	if (is_wanted("wait")) {
		race_step = 1;
		while (race_step != 2)
			usleep(1000);
		usleep(100000);
	}
	if (is_wanted("pause")) {
		race_step = 1;
		pause();
	}
	if (is_wanted("fork")) {
		pthread_create(&thread, NULL, fork_thread, NULL);
		while (!race_step)
			usleep(1000);
	}
	if (is_wanted("sleep")) {
		race_step = 1;
		usleep(200000); /* a cancellation point */
	}
	say(STRING(NAME) " is made");
}

#ifndef NO_DESTRUCTOR
__attribute__((destructor)) static void destruct(void)
{
	pthread_t thread;

	say(STRING(NAME) " ends");
	if (is_wanted("opens-at-end")) {
		pthread_create(&thread, NULL, open_thread, "libquick.so");
		pthread_join(thread, NULL);
		open_thread("libslow.so");
	}
	if (is_wanted("late-atexit"))
		atexit(race_atexit);
}
#endif
