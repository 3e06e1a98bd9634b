/* A library by name with all it needs, searched for in one directory and then as ld.so does; and what it depends on. */
#include <relink.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	relink_context *context;
	relink_module *module, *dependency;
	relink_error error;
	char text[512];

	if (relink_context_new(0, &context, &error) != RELINK_OK)
		return 1;
	relink_search_directory(context, argc > 1 ? argv[1] : ".");
	relink_search_system(context);
	if (relink_open(context, "libuser.so", NULL, &module, &error) != RELINK_OK) {
		relink_error_format(&error, text, sizeof text);
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	for (size_t i = 0; (dependency = relink_dependency(module, i)) != NULL; i++) {
		relink_info info;
		relink_get_info(dependency, &info);
		printf("needs %s%s\n", info.name, info.kind == RELINK_HOST ? ", which the process has" : "");
		relink_unref(dependency);
	}
	printf("use() = %d\n", RELINK_GET(module, int (*)(void), "use")());
	relink_unref(module);
	relink_context_free(context);
	return 0;
}
