/* Watch every relocation, redirect one call, and supply a symbol that nobody defines. */
#include <relink.h>
#include <stdio.h>
#include <string.h>

static int host_version(void)
{
	return 3;
}

static int fake_abs(int x)
{
	return x + 1000;
}

static int relocation(void *user, const relink_relocation *relocation)
{
	int *count = user;
	++*count;
	if (strcmp(relocation->symbol, "abs") != 0)
		return 0; /* as usual */
	*(void **)relocation->place = (void *)fake_abs;
	return 1; /* done */
}

static void *missing(void *user, const char *requester, const char *symbol, const char *version)
{
	(void)user, (void)requester, (void)version;
	printf("missing: %s\n", symbol);
	return strcmp(symbol, "host_version") == 0 ? (void *)host_version : NULL;
}

int main(int argc, char **argv)
{
	int count = 0;
	relink_hooks hooks = {.relocation = relocation, .missing = missing};
	relink_input input = relink_path(argc > 1 ? argv[1] : "libcalls.so");
	relink_context *context;
	relink_module *module;
	if (relink_context_new(0, &context, NULL) != RELINK_OK || relink_set_hooks(context, &hooks, &count) != RELINK_OK
	    || relink_load(context, &input, NULL, &module, NULL) != RELINK_OK)
		return 1;
	printf("calls() = %d, %s relocations seen\n", RELINK_GET(module, int (*)(int), "calls")(-5),
	       count > 1 ? "several" : "no");
	relink_unref(module);
	relink_context_free(context);
	return 0;
}
