/* Decide where dependencies come from: here from a table in memory, never from the file system. */
#include <relink.h>
#include <stdio.h>
#include <string.h>

struct archive {
	const char *name, *path;
};

static int resolve(void *user, const relink_request *request, relink_answer *answer)
{
	const struct archive *entry = user;
	printf("%s asks for %s\n", request->requester == NULL ? "the host" : "a module", request->name);
	if (strcmp(request->name, entry->name) != 0)
		return 0; /* ask the next */
	answer->input = relink_path(entry->path);
	return 1;
}

int main(int argc, char **argv)
{
	struct archive entry = {"libplugin.so", argc > 2 ? argv[2] : "libplugin.so"};
	relink_input input = relink_path(argc > 1 ? argv[1] : "libuser.so");
	relink_context *context;
	relink_module *module;
	if (relink_context_new(0, &context, NULL) != RELINK_OK
	    || relink_resolve_with(context, resolve, &entry) != RELINK_OK
	    || relink_load(context, &input, NULL, &module, NULL) != RELINK_OK)
		return 1;
	printf("use() = %d\n", RELINK_GET(module, int (*)(void), "use")());
	relink_unref(module);
	relink_context_free(context);
	return 0;
}
