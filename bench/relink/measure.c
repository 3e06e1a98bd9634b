/* Times librelink against the dlopen of the process it runs in.  Operations take turns, so that what disturbs one disturbs
 * the others too; figures are medians.
 *
 *   measure load LIBRARY ROUNDS            load, link and unload a library and what it needs, in four ways
 *   measure only WAY LIBRARY COUNT         one way alone, for callgrind and strace
 *   measure get LIBRARY ROUNDS NAME…       one lookup, of a name that is there and of one that is not
 *   measure large LIBRARY ROUNDS HOST…     load in a fresh child each time, then look up its names
 */
#include <dlfcn.h>
#include <relink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAYS = 4, ROUND_LIMIT = 10000, BATCH = 20000, NAME_LIMIT = 5000 };

static const char *const way_names[WAYS] = {"dlopen_now", "relink_eager", "dlopen_lazy", "relink_lazy"};
static relink_context *context;

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof *values, ascending);
	return values[count / 2];
}

static void fail(const relink_error *error)
{
	char line[1000];
	relink_error_format(error, line, sizeof line);
	fprintf(stderr, "measure: %s\n", line);
	exit(1);
}

static relink_module *load(const char *path, unsigned flags)
{
	relink_input input = relink_path(path);
	relink_options options = {.flags = flags};
	relink_module *module;
	relink_error error;
	if (relink_load(context, &input, &options, &module, &error) != RELINK_OK)
		fail(&error);
	return module;
}

static void *host_load(const char *path, int flags)
{
	void *handle = dlopen(path, flags);
	if (handle == NULL) {
		fprintf(stderr, "measure: %s\n", dlerror());
		exit(1);
	}
	return handle;
}

static void way_run(int way, const char *path)
{
	if (way % 2 == 0)
		dlclose(host_load(path, way == 0 ? RTLD_NOW : RTLD_LAZY));
	else
		relink_unref(load(path, way == 1 ? 0 : RELINK_LAZY));
}

static void measure_load(const char *path, int rounds)
{
	static double times[WAYS][ROUND_LIMIT];
	for (int round = 0; round < rounds; round++)
		for (int way = 0; way < WAYS; way++) {
			double start = now();
			way_run(way, path);
			times[way][round] = now() - start;
		}
	for (int way = 0; way < WAYS; way++)
		printf("%s %.1f\n", way_names[way], median(times[way], rounds) / 1000);
}

/* One way of looking up NAMES: nanoseconds a name. */
typedef void *get_function(void *handle, const char *name);

static void *relink_way(void *handle, const char *name)
{
	return relink_get(handle, name);
}

static void *host_way(void *handle, const char *name)
{
	return dlsym(handle, name);
}

static double get_time(get_function *get, void *handle, char *const *names, int count, bool is_there)
{
	double start = now();
	for (int i = 0, at = 0; i < BATCH; i++) {
		void *address = get(handle, names[at]);
		if ((address != NULL) != is_there) {
			fprintf(stderr, "measure: %s: a wrong answer\n", names[at]);
			exit(1);
		}
		at = at + 1 == count ? 0 : at + 1;
	}
	return (now() - start) / BATCH;
}

static void measure_get(const char *label, relink_module *module, void *handle, int rounds, char *const *names,
			int count, bool is_there)
{
	static double times[2][ROUND_LIMIT];
	for (int round = 0; round < rounds; round++) {
		times[0][round] = get_time(host_way, handle, names, count, is_there);
		times[1][round] = get_time(relink_way, module, names, count, is_there);
	}
	printf("dlsym_%s %.1f\nget_%s %.1f\n", label, median(times[0], rounds), label, median(times[1], rounds));
}

/* Each name alone, a batch of calls; the median of the names.  Any single one may be among the few that pass a library's
 * filter though they are not there. */
static void measure_each(const char *label, relink_module *module, void *handle, char *const *names, int count,
			 bool is_there)
{
	static double times[2][NAME_LIMIT];
	for (int i = 0; i < count; i++) {
		times[0][i] = get_time(host_way, handle, &names[i], 1, is_there);
		times[1][i] = get_time(relink_way, module, &names[i], 1, is_there);
	}
	printf("dlsym_%s %.1f\nget_%s %.1f\n", label, median(times[0], count), label, median(times[1], count));
}

static int name_keep(void *user, const relink_symbol *symbol)
{
	struct names {
		int count, skip;
		char *items[NAME_LIMIT];
	} *names = user;
	if (symbol->type == 2 && symbol->is_default_version && names->skip++ % 7 == 0)
		names->items[names->count++] = strdup(symbol->name);
	return names->count == NAME_LIMIT;
}

static double child_time(const char *path, int way)
{
	int channel[2];
	double result = -1;
	if (pipe(channel) != 0)
		exit(1);
	if (fork() == 0) {
		double start = now();
		if (way % 2 == 0)
			host_load(path, way == 0 ? RTLD_NOW : RTLD_LAZY);
		else
			load(path, way == 1 ? 0 : RELINK_LAZY);
		result = now() - start;
		_exit(write(channel[1], &result, sizeof result) != sizeof result);
	}
	close(channel[1]);
	if (read(channel[0], &result, sizeof result) != sizeof result)
		exit(1);
	close(channel[0]);
	wait(NULL);
	return result;
}

static void measure_large(const char *path, int rounds)
{
	static double times[WAYS][ROUND_LIMIT];
	static struct {
		int count, skip;
		char *items[NAME_LIMIT];
	} names;
	for (int round = 0; round < rounds; round++)
		for (int way = 0; way < WAYS; way++)
			times[way][round] = child_time(path, way);
	for (int way = 0; way < WAYS; way++)
		printf("%s %.1f\n", way_names[way], median(times[way], rounds) / 1000);
	fflush(stdout);
	if (fork() == 0) {
		relink_module *module = load(path, 0);
		void *handle = host_load(path, RTLD_NOW);
		relink_each_symbol(module, name_keep, &names);
		measure_get("hit", module, handle, 21, names.items, names.count, true);
		for (int i = 0; i < names.count; i++)
			names.items[i][strlen(names.items[i]) - 1] ^= 1;
		for (int i = 0; i < names.count; i++)
			if (relink_get(module, names.items[i]) != NULL || dlsym(handle, names.items[i]) != NULL)
				names.items[i--] = names.items[--names.count];
		measure_get("miss", module, handle, 21, names.items, names.count, false);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

static void small_get(const char *path, int rounds, char **names, int count)
{
	relink_module *module = load(path, 0);
	void *handle = host_load(path, RTLD_NOW);
	measure_get("hit_one", module, handle, rounds, names, 1, true);
	measure_get("hit_many", module, handle, rounds, names, count, true);
	for (int i = 0; i < count; i++) {
		char *absent = malloc(strlen(names[i]) + 2);
		names[i] = strcat(strcpy(absent, names[i]), "x");
	}
	measure_each("miss_one", module, handle, names, count, false);
	measure_get("miss_many", module, handle, rounds, names, count, false);
}

int main(int argc, char **argv)
{
	relink_error error;
	if (relink_context_new(0, &context, &error) != RELINK_OK
	    || relink_search_runpath(context) != RELINK_OK)
		fail(&error);
	if (argc == 4 && strcmp(argv[1], "load") == 0) {
		measure_load(argv[2], atoi(argv[3]));
	} else if (argc == 5 && strcmp(argv[1], "only") == 0) {
		for (int way = 0; way < WAYS; way++)
			for (int i = 0; strcmp(argv[2], way_names[way]) == 0 && i < atoi(argv[4]); i++)
				way_run(way, argv[3]);
	} else if (argc > 4 && strcmp(argv[1], "get") == 0) {
		small_get(argv[2], atoi(argv[3]), argv + 4, argc - 4 < NAME_LIMIT ? argc - 4 : NAME_LIMIT);
	} else if (argc > 3 && strcmp(argv[1], "large") == 0) {
		for (int i = 4; i < argc; i++) /* what both find loaded */
			host_load(argv[i], RTLD_NOW | RTLD_GLOBAL);
		measure_large(argv[2], atoi(argv[3]));
	} else {
		return 2;
	}
	return 0;
}
