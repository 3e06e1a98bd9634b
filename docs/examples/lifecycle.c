/* Constructors under the caller's control: when they run, and how. */
#include <relink.h>
#include <stdio.h>

static int call_each(void *user, const relink_info *info, int is_init, void (*const *functions)(void), size_t count)
{
	(void)user;
	printf("%s: %zu %s\n", info->name, count, is_init ? "constructors" : "destructors");
	for (size_t i = 0; i < count; i++)
		functions[i]();
	return 1; /* done: the library does not call them */
}

int main(int argc, char **argv)
{
	relink_hooks hooks = {.call = call_each};
	relink_options options = {.flags = RELINK_DEFER_INIT};
	relink_input input = relink_path(argc > 1 ? argv[1] : "libcounter.so");
	relink_context *context;
	relink_module *module;
	if (relink_context_new(0, &context, NULL) != RELINK_OK || relink_set_hooks(context, &hooks, NULL) != RELINK_OK
	    || relink_load(context, &input, &options, &module, NULL) != RELINK_OK)
		return 1;
	int *started = relink_get(module, "started");
	printf("loaded, started = %d\n", *started);
	relink_initialize(module);
	printf("initialised, started = %d\n", *started);
	relink_unref(module);
	relink_context_free(context);
	return 0;
}
