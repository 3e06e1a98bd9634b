/* Give a plugin an interface that no library defines: a module made of the host's own functions and data. */
#include <relink.h>
#include <stdio.h>

static void host_log(const char *text)
{
	printf("plugin says: %s\n", text);
}

static int host_answer = 42;

int main(int argc, char **argv)
{
	const relink_definition interface[] = {
		{"host_log", (const void *)host_log, 0, RELINK_FUNCTION, NULL},
		{"host_answer", &host_answer, sizeof host_answer, RELINK_DATA, NULL},
	};
	relink_input input = relink_path(argc > 1 ? argv[1] : "libhosted.so");
	relink_context *context;
	relink_module *host, *plugin;
	relink_error error;
	if (relink_context_new(0, &context, &error) != RELINK_OK
	    || relink_synthetic_new(context, "host", interface, 2, &host, &error) != RELINK_OK)
		return 1;
	relink_options options = {.scope = &host, .scope_count = 1};
	if (relink_load(context, &input, &options, &plugin, &error) != RELINK_OK)
		return 1;
	RELINK_GET(plugin, void (*)(void), "greet")();
	relink_unref(plugin);
	relink_unref(host);
	relink_context_free(context);
	return 0;
}
