/* Look into a program: map and link it without running anything of it, and tell where it would start. */
#include <relink.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	relink_context *context;
	relink_module *module;
	relink_error error;
	relink_info info;
	char text[512];
	relink_input input = relink_path(argc > 1 ? argv[1] : "/bin/true");
	relink_options options = {.flags = RELINK_ONLY_EXECUTABLE | RELINK_DEFER_INIT};

	if (relink_context_new(RELINK_HOST_SYMBOLS, &context, &error) != RELINK_OK)
		return 1;
	relink_search_system(context);
	if (relink_load(context, &input, &options, &module, &error) != RELINK_OK) {
		relink_error_format(&error, text, sizeof text);
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	relink_get_info(module, &info);
	printf("%zu program headers, entry at offset %#zx, %zu dependencies\n", info.program_header_count,
	       (size_t)(info.entry - info.map_start), info.dependency_count);
	relink_unref(module);
	relink_context_free(context);
	return 0;
}
