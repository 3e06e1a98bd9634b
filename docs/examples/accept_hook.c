/* A hook sees every image before it is relocated, and refuses those with a segment that is writable and executable. */
#include <elf.h>
#include <relink.h>
#include <stdio.h>

static int accept_image(void *user, const relink_info *info)
{
	const Elf64_Phdr *headers = info->program_headers;
	(void)user;
	for (size_t i = 0; i < info->program_header_count; i++)
		if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
			printf("%s: refused, segment %zu can be written and run\n", info->name, i);
			return 1;
		}
	printf("%s: accepted\n", info->name);
	return 0;
}

int main(int argc, char **argv)
{
	relink_hooks hooks = {.accept = accept_image};
	relink_context *context;
	if (relink_context_new(0, &context, NULL) != RELINK_OK || relink_set_hooks(context, &hooks, NULL) != RELINK_OK)
		return 1;
	for (int i = 1; i < argc; i++) {
		relink_input input = relink_path(argv[i]);
		relink_module *module;
		relink_error error;
		relink_status status = relink_load(context, &input, NULL, &module, &error);
		printf("%s\n", relink_status_name(status));
		if (status == RELINK_OK)
			relink_unref(module);
	}
	relink_context_free(context);
	return 0;
}
