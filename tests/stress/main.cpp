/* Opens, uses and closes the generated libraries from many threads at once.
 *     stress SECONDS [LIBRARIES [THREADS]]
 * Works in rounds; between two rounds nothing is open, and mappings and memory are counted: after the first rounds
 * they must not grow.  Prints "ok", or what was wrong, and exits with 1. */
#include <atomic>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef ENGINE_INSIDE
extern "C" void stress_start(void); /* exports.c */
#endif

struct stress_error {
	int number;
};

enum { MAX_THREADS = 64, ROUNDS = 10, HANDLES = 6 };

static int library_count = 200, thread_count = 8;
static std::atomic<bool> stops;
static std::atomic<unsigned long> progress[MAX_THREADS], failures, done[16];

__attribute__((format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (failures++ < 20)
		vfprintf(stderr, format, arguments);
	va_end(arguments);
}

struct random_source {
	uint64_t state;
	unsigned operator()(unsigned limit)
	{
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		return (unsigned)(state >> 33) % limit;
	}
};

struct handle {
	void *library;
	int number;
};

static void *symbol(const handle &one, const char *what)
{
	char name[48];
	snprintf(name, sizeof name, "stress_%d_%s", one.number, what);
	void *address = dlsym(one.library, name);
	if (address == NULL)
		fail("dlsym %s: %s\n", name, dlerror());
	return address;
}

static handle open_one(random_source &random)
{
	static const int modes[] = {RTLD_LAZY, RTLD_NOW, RTLD_LAZY | RTLD_GLOBAL, RTLD_NOW | RTLD_DEEPBIND, RTLD_LAZY, RTLD_NOW};
	handle one = {NULL, (int)random(library_count)};
	char name[32];
	snprintf(name, sizeof name, "libstress_%d.so", one.number);
	one.library = dlopen(name, modes[random(6)]);
	if (one.library == NULL)
		fail("dlopen %s: %s\n", name, dlerror());
	done[0]++;
	return one;
}

static void close_one(handle &one)
{
	if (one.library != NULL && dlclose(one.library) != 0)
		fail("dlclose %d: %s\n", one.number, dlerror());
	one.library = NULL;
}

static void use(const handle &one, random_source &random)
{
	int result;
	switch (random(4)) {
	case 0: {
		auto value = (int (*)(void))symbol(one, "value");
		if (value != NULL && (result = value()) != one.number)
			fail("value of %d: %d\n", one.number, result);
		break;
	}
	case 1: {
		auto tls = (int (*)(void))symbol(one, "tls");
		if (tls != NULL && (result = tls()) != 0)
			fail("TLS of %d: check %d\n", one.number, result);
		break;
	}
	case 2: {
		auto thrower = (int (*)(int))symbol(one, "throw");
		result = -1;
		if (thrower == NULL)
			break;
		try {
			result = thrower((int)random(2));
		} catch (stress_error &error) {
			result = error.number;
		}
		if (result != one.number)
			fail("throw of %d: %d\n", one.number, result);
		break;
	}
	default: {
		int *counter = (int *)symbol(one, "counter");
		Dl_info info;
		void *data = symbol(one, "data");
		if (counter != NULL && *counter < one.number)
			fail("counter of %d: %d\n", one.number, *counter);
		if (data != NULL && (dladdr(data, &info) == 0 || strstr(info.dli_fname, "libstress_") == NULL))
			fail("dladdr of data of %d\n", one.number);
		break;
	}
	}
	done[1]++;
}

static int count_object(struct dl_phdr_info *info, size_t, void *argument)
{
	if (info->dlpi_phnum == 0)
		fail("dl_iterate_phdr: no headers\n");
	++*(int *)argument;
	return 0;
}

static void look_around(random_source &random)
{
	int objects = 0;
	switch (random(5)) {
	case 0:
		dl_iterate_phdr(count_object, &objects);
		if (objects < 5)
			fail("dl_iterate_phdr: %d objects\n", objects);
		break;
	case 1:
		if (dlsym(RTLD_DEFAULT, "stress_nowhere") != NULL || dlerror() == NULL)
			fail("a symbol nobody has was found\n");
		break;
	case 2:
		if (dlsym(RTLD_NEXT, "malloc") == NULL)
			fail("RTLD_NEXT malloc: %s\n", dlerror());
		break;
	case 3: {
		handle one = {NULL, (int)random(library_count)};
		char name[32];
		snprintf(name, sizeof name, "libstress_%d.so", one.number);
		one.library = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
		if (one.library != NULL)
			use(one, random);
		close_one(one);
		break;
	}
	default:
		if (dlopen("libstress_missing.so", RTLD_NOW) != NULL || dlerror() == NULL)
			fail("a library nobody has was opened\n");
		break;
	}
	done[2]++;
}

static void *short_thread(void *argument)
{
	random_source random = {(uint64_t)(uintptr_t)argument * 0x9e3779b97f4a7c15 | 1};
	handle one = open_one(random);
	if (one.library != NULL) {
		use(one, random);
		use(one, random);
		close_one(one);
	}
	done[3]++;
	return NULL;
}

static void spawn(random_source &random)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, short_thread, (void *)(uintptr_t)(random(1 << 30) + 1)) != 0) {
		fail("pthread_create\n");
		return;
	}
	pthread_join(thread, NULL);
}

static void fork_one(random_source &random)
{
	uint64_t seed = random(1 << 30) | 1;
	pid_t child = fork();
	if (child == 0) {
		alarm(getenv("STRESS_WAIT") == NULL ? 20 : 3600);
		random_source own = {seed};
		unsigned long before = failures;
		for (int i = 0; i < 3; i++) {
			handle one = open_one(own);
			if (one.library != NULL)
				use(one, own);
			close_one(one);
		}
		_exit(failures == before ? 0 : 1);
	}
	int status = -1;
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		fail("a child ended with status %#x\n", (unsigned)status);
	done[4]++;
}

static void *work(void *argument)
{
	int self = (int)(intptr_t)argument;
	random_source random = {((uint64_t)self + 1) * 0x9e3779b97f4a7c15 ^ (uint64_t)time(NULL)};
	handle handles[HANDLES] = {};
	while (!stops) {
		handle &one = handles[random(HANDLES)];
		unsigned choice = random(1000);
		if (choice < 8 && getenv("STRESS_NO_FORK") == NULL)
			fork_one(random);
		else if (choice < 30)
			spawn(random);
		else if (choice < 120)
			look_around(random);
		else if (one.library == NULL)
			one = open_one(random);
		else if (choice < 700)
			use(one, random);
		else
			close_one(one);
		progress[self]++;
	}
	for (handle &one : handles)
		close_one(one);
	return NULL;
}

static long mappings_count()
{
	FILE *file = fopen("/proc/self/maps", "r");
	long lines = 0;
	for (int c; file != NULL && (c = getc(file)) != EOF;)
		lines += c == '\n';
	fclose(file);
	return lines;
}

static long resident_anonymous()
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	long size = -1;
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "RssAnon: %ld", &size) == 1)
			break;
	fclose(file);
	return size;
}

static void round_run(double seconds)
{
	pthread_t threads[MAX_THREADS];
	unsigned long before[MAX_THREADS];
	stops = false;
	for (int i = 0; i < thread_count; i++)
		pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
	int silent = 0;
	for (double waited = 0; waited < seconds; waited += 0.1) {
		bool moved = false;
		for (int i = 0; i < thread_count; i++) {
			moved = moved || progress[i] != before[i];
			before[i] = progress[i];
		}
		silent = moved ? 0 : silent + 1;
		if (silent == 300) {
			fprintf(stderr, "deadlock: no thread moved for 30 seconds\n");
			abort();
		}
		if (failures > 20)
			break;
		usleep(100000);
	}
	stops = true;
	for (int i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	/* What only a thread's destructors kept goes with the next close. */
	random_source random = {99};
	handle one = open_one(random);
	close_one(one);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	if (argc > 2)
		library_count = atoi(argv[2]);
	if (argc > 3)
		thread_count = atoi(argv[3]);
#ifdef ENGINE_INSIDE
	stress_start();
#endif
	setvbuf(stdout, NULL, _IOLBF, 0);
	long mappings[ROUNDS], memory[ROUNDS];
	/* Every library once: those that stay are there from now on. */
	for (int i = 0; i < library_count; i++) {
		char name[32];
		snprintf(name, sizeof name, "libstress_%d.so", i);
		void *library = dlopen(name, RTLD_NOW);
		if (library == NULL)
			fail("dlopen %s: %s\n", name, dlerror());
		else
			dlclose(library);
	}
	for (int i = 0; i < ROUNDS && failures == 0; i++) {
		round_run(seconds / ROUNDS);
		mappings[i] = mappings_count();
		memory[i] = resident_anonymous();
		if (getenv("STRESS_VERBOSE") != NULL)
			printf("round %d: %ld mappings, %ld KiB; opened %lu used %lu looked %lu threads %lu forks %lu\n", i,
			       mappings[i], memory[i], done[0].load(), done[1].load(), done[2].load(), done[3].load(),
			       done[4].load());
	}
#ifndef ENGINE_INSIDE /* the sanitizer's own memory would be counted */
	if (failures == 0) {
		long base = mappings[ROUNDS / 2 - 1], last = mappings[ROUNDS - 1];
		const char *kept = getenv("STRESS_KEPT"); /* mappings of libraries that may stay open from some time on */
		if (last > base + 16 + (kept == NULL ? 0 : atol(kept)))
			fail("mappings grow: %ld, later %ld\n", base, last);
		base = memory[ROUNDS / 2 - 1], last = memory[ROUNDS - 1];
		if (last > base + base / 5 + 1024)
			fail("memory grows: %ld KiB, later %ld KiB\n", base, last);
	}
#endif
	puts(failures == 0 ? "ok" : "failed");
	return failures == 0 ? 0 : 1;
}
