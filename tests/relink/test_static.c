/* Thread-local variables of every model, in relocatable files and libraries, and static TLS that the process's own linker
 * gives: initial-exec and local-exec code reads the same variables as general-dynamic code, in all threads. */
#include <pthread.h>

#include "check.h"

static relink_context *context;
static relink_module *libc;

static relink_module *link_files(const char *const *names, size_t count, relink_status *out_status)
{
	relink_input inputs[8];
	relink_module *module = NULL;
	relink_error error;
	for (size_t i = 0; i < count; i++)
		inputs[i] = relink_path(names[i]);
	relink_options options = {.scope = &libc, .scope_count = 1};
	relink_status status = relink_link(context, "tls", inputs, count, &options, &module, &error);
	if (out_status != NULL)
		*out_status = status;
	else
		check_ok(status, names[0], &error);
	return module;
}

static void *thread_call(void *function)
{
	return (void *)(long)((int (*)(void))(uintptr_t)function)();
}

static int in_thread(relink_module *module, const char *name)
{
	pthread_t thread;
	void *result;
	NEED(pthread_create(&thread, NULL, thread_call, relink_get(module, name)) == 0);
	pthread_join(thread, &result);
	return (int)(long)result;
}

static const char definer[] =
	"__thread int first = 40; __thread char pad[13]; __thread long aligned __attribute__((aligned(32))) = 2; static __thread int zero;"
	"static int target = 7; __thread int *pointer = &target;"
	"int define(void) { zero++; first++; return first + (int)aligned + zero + *pointer + (int)((long)&aligned % 32); }";
static const char user[] = "extern __thread int first; extern __thread long aligned; int define(void);"
			   "int use(void) { int before = first; int got = define(); return first == before + 1 ? got + (int)aligned : -1; }";

/* Files of all models linked with each other: they see one variable. */
static void models_test(void)
{
	static const char *const models[] = {"-fPIC", "-fPIC -ftls-model=local-dynamic", "-fPIC -ftls-model=initial-exec",
					     "-fno-pic", "-fPIE", "-fPIC -mtls-dialect=gnu2", "-mcmodel=large -fPIC",
					     "-mcmodel=large -fno-pic", "-fno-pic -O0", "-fPIC -O0 -mtls-dialect=gnu2"};
	enum { COUNT = sizeof models / sizeof models[0] };
	char define_name[COUNT][24], use_name[COUNT][24], flags[128];
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(define_name[i], sizeof define_name[i], "define-%zu.o", i);
		snprintf(use_name[i], sizeof use_name[i], "use-%zu.o", i);
		snprintf(flags, sizeof flags, "-c -O2 %s", models[i]);
		check_build("cc", "c", define_name[i], definer, flags);
		check_build(i % 2 == 0 || strstr(models[i], "gnu2") ? "cc" : "clang", "c", use_name[i], user, flags);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < COUNT; j++) {
			const char *names[] = {use_name[j], define_name[i]};
			relink_module *module = link_files(names, 2, NULL);
			int one = check_call(module, "use"), two = check_call(module, "use"), other = in_thread(module, "use");
			if (one != 53 || two != 55 || other != 53 || *(int *)relink_get(module, "first") != 42)
				fprintf(stderr, "%s uses %s: %d %d %d\n", models[j], models[i], one, two, other);
			CHECK(one == 53 && two == 55 && other == 53 && *(int *)relink_get(module, "first") == 42);
			relink_unref(module);
		}
}

static pthread_barrier_t barrier;
static relink_module *shared;

static void *early_thread(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return (void *)(long)check_call(shared, "answer");
}

/* U5: a library with initial-exec variables, for threads that are there already, too. */
static void library_test(void)
{
	pthread_t thread;
	void *result;
	relink_error error;
	check_library("libie.so", "__thread int value __attribute__((tls_model(\"initial-exec\"))) = 30; __thread int zero __attribute__((tls_model(\"initial-exec\")));"
				  "int answer(void) { zero++; return value++ + zero; }", "");
	check_library("libgd.so", "extern __thread int value; int get(void) { return value; }", "-L. -lie -Wl,-rpath,'$ORIGIN'");
	pthread_barrier_init(&barrier, NULL, 2);
	NEED(pthread_create(&thread, NULL, early_thread, NULL) == 0);
	pthread_barrier_wait(&barrier);
	shared = check_load(context, "./libie.so", 0);
	relink_module *gd = check_load(context, "./libgd.so", 0);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, &result);
	CHECK((int)(long)result == 31);
	CHECK(check_call(shared, "answer") == 31 && check_call(shared, "answer") == 33 && in_thread(shared, "answer") == 31);
	CHECK(check_call(gd, "get") == 32 && *(int *)relink_get(shared, "value") == 32);
	relink_unref(gd);
	relink_unref(shared);
	/* Pointers in the initial image, in a process of one thread. */
	check_library("libiep.so", "static int target = 5; __thread int *value __attribute__((tls_model(\"initial-exec\"))) = &target;"
				   "int answer(void) { return *value; }", "");
	relink_module *pointers = check_load(context, "./libiep.so", 0);
	CHECK(check_call(pointers, "answer") == 5 && in_thread(pointers, "answer") == 5);
	relink_unref(pointers);
	/* The space comes back: far more loads than fit together. */
	for (int i = 0; i < 200; i++) {
		relink_module *again = check_load(context, "./libie.so", 0);
		CHECK(check_call(again, "answer") == 31);
		relink_unref(again);
	}
	/* More than any process has left: an error with the size. */
	check_library("libhuge.so", "__thread char block[1 << 20] __attribute__((tls_model(\"initial-exec\"))); char *answer(void) { return block; }", "");
	relink_input input = relink_path("./libhuge.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_TLS_STATIC && error.value == 1 << 20);
	/* Variables that threads have elsewhere already. */
	check_library("libdyn.so", "__thread int dyn = 9; int *get(void) { return &dyn; }", "");
	check_library("libdynie.so", "extern __thread int dyn __attribute__((tls_model(\"initial-exec\"))); int answer(void) { return dyn; }",
		      "-L. -ldyn -Wl,-rpath,'$ORIGIN'");
	relink_module *dyn = check_load(context, "./libdyn.so", 0);
	CHECK(*RELINK_GET(dyn, int *(*)(void), "get")() == 9);
	input = relink_path("./libdynie.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_TLS_STATIC);
	relink_unref(dyn);
}

int main(void)
{
	relink_error error;
	check_begin();
	context = check_context(0);
	NEED(relink_open(context, "libc.so.6", NULL, &libc, &error) == RELINK_OK);
	models_test();
	library_test();
	relink_unref(libc);
	relink_context_free(context);
	return check_end();
}
