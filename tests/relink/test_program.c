/* The same program in a host that has no C++ library: the context loads it, with its unwinder, which finds the frames of
 * relocatable files by what our libraries see of the process. */
#include <pthread.h>

#include "check.h"

static void *program_start(void *function)
{
	int ended = 0;
	return (void *)(long)((int (*)(int *))(uintptr_t)function)(&ended);
}

static void program_test(const char *flags)
{
	static const char *const names[] = {"main", "shapes", "threads"};
	relink_context *context = check_context(0);
	relink_module *scope[2], *module = NULL;
	relink_error error;
	relink_input inputs[3];
	char files[3][32];
	for (size_t i = 0; i < 3; i++) {
		check_command("c++ -std=c++17 -c %s -o %s.o " PROGRAM_SOURCES "/%s.cpp", flags, names[i], names[i]);
		snprintf(files[i], sizeof files[i], "./%s.o", names[i]);
		inputs[i] = relink_path(files[i]);
	}
	NEED(relink_search_system(context) == RELINK_OK);
	NEED(relink_open(context, "libstdc++.so.6", NULL, &scope[0], &error) == RELINK_OK);
	NEED(relink_open(context, "libc.so.6", NULL, &scope[1], &error) == RELINK_OK);
	relink_options options = {.scope = scope, .scope_count = 2};
	relink_status status = relink_link(context, "program", inputs, 3, &options, &module, &error);
	check_ok(status, flags, &error);
	/* What reads variables of libstdc++'s threads by their distance from the thread pointer needs them there. */
	pthread_t thread;
	void *result;
	NEED(pthread_create(&thread, NULL, program_start, relink_get(module, "program_run")) == 0);
	pthread_join(thread, &result);
	if (result != NULL)
		fprintf(stderr, "%s: %ld\n", flags, (long)result);
	CHECK(result == NULL);
	relink_unref(module);
	relink_unref(scope[0]);
	relink_unref(scope[1]);
	relink_context_free(context);
}

int main(void)
{
	check_begin();
	program_test("-O1");
	program_test("-O0 -fPIC");
	return check_end();
}
