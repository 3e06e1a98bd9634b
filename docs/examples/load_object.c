/* Load a relocatable file, as the compiler's -c makes it, and give it functions of the host's. */
#include <relink.h>
#include <stdio.h>

static int host_offset(void)
{
	return 100;
}

int main(int argc, char **argv)
{
	const relink_definition definition = {"host_offset", (const void *)host_offset, 0, RELINK_FUNCTION, NULL};
	relink_input input = relink_path(argc > 1 ? argv[1] : "unit.o");
	relink_context *context;
	relink_module *host, *unit;
	relink_error error;
	char text[512];
	if (relink_context_new(0, &context, &error) != RELINK_OK
	    || relink_synthetic_new(context, "host", &definition, 1, &host, &error) != RELINK_OK)
		return 1;
	relink_options options = {.flags = RELINK_ONLY_OBJECT, .scope = &host, .scope_count = 1};
	if (relink_load(context, &input, &options, &unit, &error) != RELINK_OK) {
		relink_error_format(&error, text, sizeof text);
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	printf("compute(5) = %d\n", RELINK_GET(unit, int (*)(int), "compute")(5));
	relink_unref(unit);
	relink_unref(host);
	relink_context_free(context);
	return 0;
}
