/* Synthetic modules that change, that have thread-local variables, and that make their definitions on demand. */
#include <pthread.h>

#include "check.h"

static int one(void)
{
	return 1;
}

static int two(void)
{
	return 2;
}

static int three(void)
{
	return 3;
}

static void *choose(void)
{
	return (void *)three;
}

static void change_check(void)
{
	relink_context *context = check_context(0);
	relink_module *module = NULL, *other = NULL;
	relink_definition first[] = {{"number", one, 0, RELINK_FUNCTION, NULL}}, next[] = {{"number", two, 0, RELINK_FUNCTION, NULL},
		{"chosen", choose, 0, RELINK_IFUNC, NULL}, {"old", one, 0, RELINK_FUNCTION, "V1"}, {"old", two, 0, RELINK_FUNCTION, "V2"}};
	relink_error error;
	NEED(relink_synthetic_new(context, "libhost.so", first, 1, &module, NULL) == RELINK_OK);
	CHECK(check_call(module, "number") == 1 && relink_get(module, "chosen") == NULL);
	relink_module *bound = check_load(context, "./libasks.so", 0);
	CHECK(check_call(bound, "ask") == 1);
	NEED(relink_synthetic_add(module, next, 4, NULL) == RELINK_OK);
	CHECK(check_call(module, "number") == 2 && check_call(module, "chosen") == 3 && relink_get(module, "old") == one);
	CHECK(relink_get_version(module, "old", "V1") == one && relink_get_version(module, "old", "V2") == two);
	CHECK(check_call(bound, "ask") == 1); /* what is bound stays */
	relink_module *later = check_load(context, "./libasks.so", RELINK_COPY);
	CHECK(check_call(later, "ask") == 2);
	NEED(relink_synthetic_remove(module, "number") == RELINK_OK);
	CHECK(relink_get(module, "number") == NULL && relink_synthetic_remove(module, "number") == RELINK_E_SYMBOL);
	relink_input input = relink_path("./libasks.so");
	CHECK(check_refused(context, &input, RELINK_COPY, &error) == RELINK_E_REL_SYMBOL && strcmp(error.symbol, "number") == 0);
	NEED(relink_synthetic_add(module, first, 1, NULL) == RELINK_OK);
	CHECK(check_call(module, "number") == 1);
	CHECK(relink_synthetic_add(bound, first, 1, &error) == RELINK_E_HANDLE);
	first[0].kind = RELINK_THREAD;
	CHECK(relink_synthetic_add(module, first, 1, &error) == RELINK_E_ARGUMENT);
	CHECK(relink_synthetic_new(context, "libhost.so", NULL, 0, &other, &error) == RELINK_E_LINK_EXISTS);
	relink_unref(later);
	relink_unref(bound);
	relink_unref(module);
	relink_context_free(context);
}

/* ---- Changes under the eyes of others ------------------------------------------------------------------------------ */

static relink_module *watched;
static int is_over;

static void *watch(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
		char name[16];
		for (int i = 0; i < 500; i += 7) {
			snprintf(name, sizeof name, "name%d", i);
			void *address = relink_get(watched, name);
			CHECK(address == NULL || address == (void *)(uintptr_t)(0x1000 + i));
		}
		void *flip = relink_get(watched, "flip");
		CHECK(flip == one || flip == two);
	}
	return NULL;
}

static void race_check(void)
{
	relink_context *context = check_context(0);
	pthread_t threads[2];
	relink_definition flip = {"flip", one, 0, RELINK_FUNCTION, NULL};
	char name[16];
	NEED(relink_synthetic_new(context, "libflip.so", &flip, 1, &watched, NULL) == RELINK_OK);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, watch, NULL);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "name%d", i);
		relink_definition fresh = {name, (void *)(uintptr_t)(0x1000 + i), 0, RELINK_FUNCTION, NULL};
		flip.address = i % 2 ? one : two;
		CHECK(relink_synthetic_add(watched, &fresh, 1, NULL) == RELINK_OK
		      && relink_synthetic_add(watched, &flip, 1, NULL) == RELINK_OK);
		CHECK(relink_get(watched, name) == fresh.address);
		if (i % 3 == 0)
			CHECK(relink_synthetic_remove(watched, name) == RELINK_OK && relink_get(watched, name) == NULL);
	}
	__atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	/* Room ends with an error, and what is there stays. */
	relink_status status = RELINK_OK;
	for (int i = 0; i < 40000 && status == RELINK_OK; i++) {
		snprintf(name, sizeof name, "more%d", i);
		relink_definition fresh = {name, one, 0, RELINK_FUNCTION, NULL};
		status = relink_synthetic_add(watched, &fresh, 1, NULL);
	}
	CHECK(status == RELINK_E_MEMORY && relink_get(watched, "more7") == one && relink_get(watched, "flip") != NULL);
	relink_unref(watched);
	relink_context_free(context);
}

/* ---- Thread-local variables ---------------------------------------------------------------------------------------- */

static void *thread_run(void *module)
{
	int (*next)(void) = RELINK_GET((relink_module *)module, int (*)(void), "next");
	CHECK(next() == 71 && next() == 72);
	return NULL;
}

static void thread_check(const char *flags)
{
	static const int start = 70;
	static const char text[] = "each its own";
	relink_definition definitions[] = {{"label", text, sizeof text, RELINK_THREAD, NULL},
					   {"counter", &start, sizeof start, RELINK_THREAD, NULL}};
	relink_context *context = check_context(0);
	relink_module *blocks = NULL;
	pthread_t thread;
	check_library("libcounts.so",
		      "extern __thread int counter; extern __thread char label[];"
		      "int next(void) { return label[0] == 'e' ? ++counter : -1; }",
		      flags);
	NEED(relink_synthetic_new(context, "libblocks.so", definitions, 2, &blocks, NULL) == RELINK_OK);
	relink_input input = relink_path("./libcounts.so");
	relink_options options = {.scope = &blocks, .scope_count = 1};
	relink_module *module = NULL;
	NEED(relink_load(context, &input, &options, &module, NULL) == RELINK_OK);
	thread_run(module);
	pthread_create(&thread, NULL, thread_run, module);
	pthread_join(thread, NULL);
	int *counter = relink_get(blocks, "counter");
	CHECK(counter != NULL && *counter == 72 && start == 70 && strcmp(relink_get(blocks, "label"), text) == 0);
	relink_unref(module);
	relink_unref(blocks);
	relink_context_free(context);
}

/* ---- Definitions on demand ----------------------------------------------------------------------------------------- */

static struct demand {
	int asked;
	char last[32];
} demand;

static int provide(void *user, const char *name, const char *version, relink_definition *out_definition)
{
	struct demand *what = user;
	CHECK(version == NULL);
	what->asked++;
	snprintf(what->last, sizeof what->last, "%s", name);
	if (strcmp(name, "number") != 0)
		return 0;
	out_definition->address = three;
	out_definition->kind = RELINK_FUNCTION;
	return 1;
}

static void provider_check(unsigned flags)
{
	relink_context *context = check_context(0);
	relink_module *provider = NULL, *module = NULL;
	relink_error error;
	memset(&demand, 0, sizeof demand);
	NEED(relink_provider_new(context, "libhost.so", provide, &demand, &provider, NULL) == RELINK_OK);
	CHECK(relink_get(provider, "nothing") == NULL && demand.asked == 1 && strcmp(demand.last, "nothing") == 0);
	CHECK(relink_get_n(provider, "numbering", 8) == NULL && strcmp(demand.last, "numberin") == 0);
	/* By its name, as a dependency; then for everybody. */
	module = check_load(context, "./libneeds.so", flags);
	CHECK(check_call(module, "ask") == 3 && strcmp(demand.last, "number") == 0);
	int asked = demand.asked;
	CHECK(relink_get_n(provider, "numbering", 6) == three && relink_get(provider, "number") == three);
	CHECK(demand.asked == asked); /* it is defined now */
	relink_symbol symbol;
	CHECK(relink_symbol_find(provider, "number", &symbol) == RELINK_OK && symbol.address == three);
	relink_input input = relink_path("./libasks.so");
	NEED(relink_synthetic_remove(provider, "number") == RELINK_OK && relink_make_global(provider, NULL) == RELINK_OK);
	relink_module *other = check_load(context, "./libother.so", flags);
	CHECK(check_call(other, "ask") == 3);
	relink_unref(other);
	input = relink_path("./liblost.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_REL_SYMBOL && strcmp(error.symbol, "lost") == 0
	      && strcmp(demand.last, "lost") == 0);
	relink_unref(module);
	relink_unref(provider);
	relink_context_free(context);
}

int main(void)
{
	check_begin();
	check_library("libhost.so", "int number(void) { return 0; }", "");
	check_library("libasks.so", "int number(void); int ask(void) { return number(); }", "-Wl,-z,lazy -lhost");
	check_library("libneeds.so", "int number(void); int ask(void) { return number(); }", "-Wl,-z,lazy -lhost");
	check_library("libother.so", "int number(void); int ask(void) { return number(); }",
		      "-Wl,-z,lazy,--unresolved-symbols=ignore-all");
	check_library("liblost.so", "int lost(void); int ask(void) { return lost(); }", "-Wl,--unresolved-symbols=ignore-all");
	change_check();
	race_check();
	thread_check("-Wl,--unresolved-symbols=ignore-all");
	thread_check("-mtls-dialect=gnu2 -Wl,--unresolved-symbols=ignore-all");
	provider_check(0);
	provider_check(RELINK_LAZY);
	return check_end();
}
