/* Handles, loading, lookups, first calls and thread-local variables by many threads at once; also under the thread
 * sanitizer, which then sees the library's own accesses. */
#include <pthread.h>

#include "check.h"

enum { THREADS = 6, ROUNDS = 150 };

static relink_context *context;
static relink_module *shared;
static relink_weak *weak;

/* One more reference, used, and given back. */
static void *references(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20 * ROUNDS; i++) {
		relink_module *module = relink_ref(shared);
		int (*next)(void) = RELINK_GET(module, int (*)(void), "next");
		CHECK(next != NULL && next() > 0 && relink_get(module, "absent") == NULL);
		relink_unref(module);
	}
	return NULL;
}

/* Load and unload what others load and unload. */
static void *loads(void *name)
{
	relink_input input = relink_path(name);
	relink_options options = {.flags = RELINK_LAZY};
	for (int i = 0; i < ROUNDS; i++) {
		relink_module *module = NULL;
		relink_error error;
		CHECK(relink_load(context, &input, &options, &module, &error) == RELINK_OK);
		if (module == NULL)
			continue;
		CHECK(check_call(module, "use") == 6);
		relink_module *dependency = relink_dependency(module, 0);
		CHECK(check_call(dependency, "five") == 5);
		relink_unref(module);
		relink_unref(dependency);
	}
	return NULL;
}

/* Reach a module that may be gone at any moment. */
static void *weakly(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20 * ROUNDS; i++) {
		relink_module *module = relink_weak_get(weak);
		CHECK(module == NULL || check_call(module, "five") == 5);
		relink_unref(module);
	}
	return NULL;
}

static int count(void *user, const relink_info *info)
{
	*(int *)user += *info->path != '\0';
	return 0;
}

/* Look around while the list changes. */
static void *looks(void *unused)
{
	(void)unused;
	for (int i = 0; i < 10 * ROUNDS; i++) {
		int modules = 0;
		relink_info info;
		relink_each_module(context, count, &modules);
		relink_get_info(shared, &info);
		relink_module *at = relink_module_at(relink_get(shared, "next"));
		CHECK(modules >= 1 && info.is_initialized && at == shared);
		relink_unref(at);
	}
	return NULL;
}

/* The sanitizer cannot follow a thread into the last round of its keys' destructors, where we free its variables. */
#ifdef __SANITIZE_THREAD__
#define THREAD_LOCAL ""
#else
#define THREAD_LOCAL "__thread "
#endif

int main(void)
{
	static void *(*const work[])(void *) = {references, loads, weakly, looks, loads, references};
	static char name[] = "./libuser.so";
	pthread_t threads[THREADS];
	check_begin();
	check_library("libshared.so", THREAD_LOCAL "int n; int next(void) { return __atomic_add_fetch(&n, 1, 0); }", "");
	check_library("libfive.so", "int five(void) { return 5; }", "");
	check_library("libuser.so", "int five(void); int use(void) { return five() + 1; }", "-Wl,-z,lazy -lfive");
	context = check_context(0);
	NEED(relink_search_directory(context, ".") == RELINK_OK);
	shared = check_load(context, "./libshared.so", 0);
	relink_module *five = check_load(context, "./libfive.so", 0);
	weak = relink_weak_new(five);
	for (int i = 0; i < THREADS; i++)
		NEED(pthread_create(&threads[i], NULL, work[i], name) == 0);
	relink_unref(five);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(relink_weak_get(weak) == NULL && !check_is_mapped("libuser.so") && !check_is_mapped("libfive.so"));
	relink_weak_free(weak);
	relink_unref(shared);
	CHECK(!check_is_mapped("libshared.so"));
	relink_context_free(context);
	return check_end();
}
