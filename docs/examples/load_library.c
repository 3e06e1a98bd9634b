/* Load a library and call a function of it. */
#include <relink.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	relink_context *context;
	relink_module *module;
	relink_error error;
	char text[512];
	relink_input input = relink_path(argc > 1 ? argv[1] : "libplugin.so");

	if (relink_context_new(0, &context, &error) != RELINK_OK
	    || relink_load(context, &input, NULL, &module, &error) != RELINK_OK) {
		relink_error_format(&error, text, sizeof text);
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	int (*twice)(int) = RELINK_GET(module, int (*)(int), "twice");
	printf("twice(21) = %d\n", twice(21));
	relink_unref(module);
	relink_context_free(context);
	return 0;
}
