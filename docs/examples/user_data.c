/* A pointer of the host's that stays with a module, found again from an address inside it. */
#include <relink.h>
#include <stdio.h>

struct plugin {
	const char *label;
	int uses;
};

int main(int argc, char **argv)
{
	struct plugin plugin = {.label = "the first plugin"};
	relink_input input = relink_path(argc > 1 ? argv[1] : "libplugin.so");
	relink_context *context;
	relink_module *module;
	if (relink_context_new(0, &context, NULL) != RELINK_OK
	    || relink_load(context, &input, NULL, &module, NULL) != RELINK_OK)
		return 1;
	relink_set_user(module, &plugin);
	relink_module *found = relink_module_at(relink_get(module, "twice"));
	struct plugin *its = relink_user(found);
	its->uses++;
	printf("%s: %d use\n", its->label, plugin.uses);
	relink_unref(found);
	relink_unref(module);
	relink_context_free(context);
	return 0;
}
