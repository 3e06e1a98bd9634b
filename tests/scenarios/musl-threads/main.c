#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

enum { COPIES = 30, ALIGNMENTS = 3, BATCH = 4, SHORT_BATCHES = 5000, WARM_UP = 200 };

static atomic_int stops, errors, count;
static _Atomic(int (*)(int)) checks[COPIES * ALIGNMENTS];
static const char *const libraries[ALIGNMENTS] = {"libone.so", "libtwo.so", "libthree.so"};

static void *check_all(void *argument)
{
	int known = count;

	(void)argument;
	for (int i = 0; i < known; i++)
		errors += !checks[i](0);
	return NULL;
}

static void batch(void *(*function)(void *))
{
	pthread_t threads[BATCH];

	for (int i = 0; i < BATCH; i++)
		pthread_create(&threads[i], NULL, function, NULL);
	for (int i = 0; i < BATCH; i++)
		pthread_join(threads[i], NULL);
}

static void *churn(void *argument)
{
	while (!stops)
		batch(check_all);
	return argument;
}

static void *spin(void *argument)
{
	int times[COPIES * ALIGNMENTS] = {0};

	while (!stops)
		for (int i = 0, known = count; i < known; i++)
			errors += !checks[i](times[i]++);
	return argument;
}

/* Copies of one library are different libraries. */
static void copy(const char *from, const char *to)
{
	char block[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	for (ssize_t size; (size = read(in, block, sizeof block)) > 0;)
		if (write(out, block, size) != size)
			abort();
	close(in);
	close(out);
}

static void *open_one(int number)
{
	char name[64], from[64];
	void *handle;

	snprintf(name, sizeof name, "/tmp/relink-copy-%d-%d.so", (int)getpid(), number);
	snprintf(from, sizeof from, "%s", libraries[number % ALIGNMENTS]);
	copy(from, name);
	handle = dlopen(name, RTLD_NOW);
	unlink(name);
	if (handle == NULL)
		puts(dlerror());
	return handle;
}

static int churn_main(void)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, i < 2 ? churn : spin, NULL);
	for (int i = 0; i < COPIES * ALIGNMENTS; i++) {
		checks[i] = (int (*)(int))dlsym(open_one(i), "open_check");
		count++;
		usleep(2000);
	}
	usleep(20000);
	stops = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	SHOW("%d", count);
	SHOW("%d", errors);
	return 0;
}

static void *fail_once(void *argument)
{
	errors += dlsym(RTLD_DEFAULT, "there_is_no_such_symbol") != NULL || dlerror() == NULL;
	return check_all(argument);
}

static long memory_size(void)
{
	long pages = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (fscanf(file, "%ld %ld", &pages, &resident) != 2)
		abort();
	fclose(file);
	return resident * 4;
}

static int short_main(void)
{
	long before = 0;

	checks[0] = (int (*)(int))dlsym(open_one(0), "open_check");
	count = 1;
	for (int i = 0; i < SHORT_BATCHES; i++) {
		if (i == WARM_UP)
			before = memory_size();
		batch(fail_once);
	}
	CHECK(memory_size() - before < 512);
	SHOW("%d", errors);
	return 0;
}

static atomic_int fired;

static void on_timer(union sigval value)
{
	(void)value;
	errors += !checks[0](0);
	fired++;
}

/* libc uses one thread for all expirations and resets its storage in between. */
static int timer_main(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_timer};
	struct itimerspec often = {{0, 5000000}, {0, 5000000}};
	timer_t timer;

	checks[0] = (int (*)(int))dlsym(open_one(1), "open_check");
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &often, NULL);
	while (fired < 20)
		usleep(1000);
	SHOW("%d", errors);
	return 0;
}

static int fork_main(void)
{
	pthread_t thread;
	int status;

	checks[0] = (int (*)(int))dlsym(open_one(2), "open_check");
	count = 1;
	pthread_create(&thread, NULL, churn, NULL);
	for (int i = 0; i < 20; i++) {
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			errors = 0;
			batch(check_all);
			errors += open_one(1) == NULL;
			_exit(errors);
		}
		waitpid(child, &status, 0);
		errors += status != 0;
	}
	stops = 1;
	pthread_join(thread, NULL);
	SHOW("%d", errors);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	return !strcmp(what, "churn") ? churn_main() : !strcmp(what, "short") ? short_main()
	       : !strcmp(what, "timer") ? timer_main() : fork_main();
}
