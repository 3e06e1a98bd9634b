/* The places a search may look in: which list of directories an object's RPATH, its RUNPATH, LD_LIBRARY_PATH and the
 * defaults amount to.  Each is taken apart on first use and only once.
 */
#include <string.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "../link/object.h"
#include "state.h"

struct rl_token_values rl_search_token_values(struct rl_search *search, struct rl_object *object, const char *input,
					      size_t length)
{
	struct rl_token_values values = {
		.platform = search->machine->platform,
		.lib = RL_PORT_LIB,
		.is_secure = search->options->is_secure,
		.is_checked = object != NULL && object->kind == RL_OBJECT_PROGRAM,
	};
	if (values.platform != NULL && *values.platform == '\0')
		values.platform = NULL;
	if (object != NULL && (rl_tokens_in(input, length) & RL_TOKEN_ORIGIN))
		values.origin = rl_tokens_origin(object, search->options);
	return values;
}

static bool list_read(struct rl_search *search, struct rl_object *object, const char *path, const char *separators,
		      struct rl_directory_list *list)
{
	struct rl_token_values values = rl_search_token_values(search, object, path, strlen(path));
	return rl_directories_read(&search->directories, path, separators, &values, list);
}

/* The lists of OBJECT, made if need be. */
static struct rl_object_directories *object_directories(struct rl_object *object)
{
	if (object->policy == NULL)
		object->policy = rl_heap_take(sizeof(struct rl_object_directories));
	return object->policy;
}

static bool object_list(struct rl_search *search, struct rl_object *object, const char *path,
			struct rl_directory_list *list, struct rl_directory_list **out_list)
{
	if (!list->is_read) {
		const char *inhibited = search->options->is_secure ? NULL : search->options->inhibit_rpath;
		const char *name = object->path == NULL ? "" : object->path;
		if (inhibited != NULL && rl_directories_are_inhibited(inhibited, name))
			list->is_read = true;
		else if (!list_read(search, object, path, ":", list))
			return false;
	}
	*out_list = list->count != 0 ? list : NULL;
	return true;
}

bool rl_search_rpath(struct rl_search *search, struct rl_object *object, struct rl_directory_list **out_list)
{
	*out_list = NULL;
	/* gABI: with DT_RUNPATH there is no DT_RPATH. */
	if (object->dynamic.rpath == NULL || object->dynamic.runpath != NULL)
		return true;
	struct rl_object_directories *own = object_directories(object);
	return own != NULL && object_list(search, object, object->dynamic.rpath, &own->rpath, out_list);
}

bool rl_search_runpath(struct rl_search *search, struct rl_object *object, struct rl_directory_list **out_list)
{
	*out_list = NULL;
	if (object->dynamic.runpath == NULL)
		return true;
	struct rl_object_directories *own = object_directories(object);
	return own != NULL && object_list(search, object, object->dynamic.runpath, &own->runpath, out_list);
}

bool rl_search_library_path(struct rl_search *search, struct rl_object *object, struct rl_directory_list **out_list)
{
	(void)object;
	*out_list = NULL;
	const char *path = search->options->library_path;
	if (path == NULL)
		return true;
	struct rl_directory_list *list = &search->library_path;
	if (!list->is_read && !list_read(search, search->program, path, ":;", list))
		return false;
	*out_list = list->count != 0 ? list : NULL;
	return true;
}

bool rl_search_defaults(struct rl_search *search, struct rl_object *object, struct rl_directory_list **out_list)
{
	(void)object;
	*out_list = &search->defaults;
	return search->defaults.is_read || rl_directories_read_default(&search->directories, &search->defaults);
}
