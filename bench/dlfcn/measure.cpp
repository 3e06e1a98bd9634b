/* Measures one call of the dlfcn family at a time: nanoseconds per call, the least of several repetitions.
 *     measure FOLDER WHAT [CALLS]
 * FOLDER holds what run.py built.  Prints one number; with CALLS it only makes that many, for tools that count. */
#include <algorithm>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <time.h>

static std::string folder;
static void *chain;

static void *must_open(const std::string &name, int mode)
{
	void *handle = dlopen((folder + "/" + name).c_str(), mode);
	if (handle == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return handle;
}

static void chain_open_close()
{
	dlclose(must_open("libchain1.so", RTLD_NOW));
}

static void chain_open_close_lazy()
{
	dlclose(must_open("libchain1.so", RTLD_LAZY));
}

static void reopen()
{
	dlclose(must_open("libchain1.so", RTLD_NOW));
}

static void hit()
{
	if (dlsym(chain, "chain1_function_30") == NULL)
		abort();
}

static void miss()
{
	if (dlsym(chain, "chain1_nowhere") != NULL)
		abort();
}

static void miss_and_say()
{
	miss();
	if (dlerror() == NULL)
		abort();
}

static void default_miss()
{
	if (dlsym(RTLD_DEFAULT, "nowhere_at_all") != NULL)
		abort();
}

static int visit(struct dl_phdr_info *, size_t, void *)
{
	return 0;
}

static void iterate()
{
	dl_iterate_phdr(visit, NULL);
}

static void address()
{
	static void *function = dlsym(chain, "chain1_function_30");
	Dl_info info;
	if (dladdr(function, &info) == 0)
		abort();
}

static void throw_catch()
{
	static auto thrower = (void (*)(int))dlsym(chain, "chain1_throw");
	try {
		thrower(5);
	} catch (int) {
	}
}

static void many_open(int count)
{
	for (int i = 0; i < count; i++)
		must_open("libmany" + std::to_string(i) + ".so", RTLD_NOW | RTLD_GLOBAL);
}

static double now()
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)();
		int many;
		bool needs_chain;
	} subjects[] = {
		{"open-close-chain", chain_open_close, 0, false},
		{"open-close-chain-lazy", chain_open_close_lazy, 0, false},
		{"open-close-chain-1000", chain_open_close, 1000, false},
		{"reopen", reopen, 0, true},
		{"dlsym-hit", hit, 0, true},
		{"dlsym-miss", miss, 0, true},
		{"dlsym-miss-text", miss_and_say, 0, true},
		{"default-miss-10", default_miss, 10, true},
		{"default-miss-1000", default_miss, 1000, true},
		{"iterate-10", iterate, 10, true},
		{"iterate-1000", iterate, 1000, true},
		{"dladdr", address, 0, true},
		{"throw", throw_catch, 0, true},
		{"throw-1000", throw_catch, 1000, true},
	};
	folder = argv[1];
	for (auto &subject : subjects) {
		if (argv[2] == NULL)
			puts(subject.name);
		if (argv[2] == NULL || strcmp(argv[2], subject.name) != 0)
			continue;
		if (subject.needs_chain)
			chain = must_open("libchain1.so", RTLD_NOW);
		many_open(subject.many);
		if (argc > 3) {
			for (long i = atol(argv[3]); i > 0; i--)
				subject.run();
			return 0;
		}
		double best = 1e18;
		long calls = 1;
		for (int repetition = 0; repetition < 15; repetition++) {
			double start = now();
			for (long i = 0; i < calls; i++)
				subject.run();
			double each = (now() - start) / (double)calls;
			if (repetition > 2)
				best = std::min(best, each);
			calls = std::max(1L, (long)(5e6 / each)); /* 5 ms a repetition */
		}
		printf("%.1f\n", best);
	}
}
