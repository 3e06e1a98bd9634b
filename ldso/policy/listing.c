/* Telling a program where its libraries are searched: dlinfo(RTLD_DI_SERINFO).  Follows dlinfo(3); ld.so.cache cannot
 * be told in that form. */
#include <string.h>

#include "../base/heap.h"
#include "../link/object.h"
#include "state.h"

struct visitor {
	void (*visit)(void *argument, const char *directory, unsigned flag);
	void *argument;
};

/* Without the final slash, but "/" itself; the working directory is ".". */
static void directory_visit(const struct visitor *visitor, const struct rl_directory *directory)
{
	if (directory->length < 2) {
		visitor->visit(visitor->argument, directory->length == 0 ? "." : "/", 0);
		return;
	}
	directory->name[directory->length - 1] = '\0';
	visitor->visit(visitor->argument, directory->name, 0);
	directory->name[directory->length - 1] = '/';
}

static void list_visit(const struct visitor *visitor, bool is_read, const struct rl_directory_list *list)
{
	for (size_t i = 0; is_read && list != NULL && i < list->count; i++)
		directory_visit(visitor, list->items[i]);
}

void rl_search_each_directory(struct rl_search *search, struct rl_object *requester,
			      void (*visit)(void *argument, const char *directory, unsigned flag), void *argument)
{
	struct visitor visitor = {visit, argument};
	struct rl_directory_list *list = NULL;
	if (requester->dynamic.runpath == NULL) {
		for (struct rl_object *object = requester; object != NULL; object = object->loader)
			list_visit(&visitor, rl_search_rpath(search, object, &list), list);
		/* As in the original the program may come a second time here, if it is among the loaders. */
		if (search->program != NULL && search->program != requester)
			list_visit(&visitor, rl_search_rpath(search, search->program, &list), list);
	}
	list_visit(&visitor, rl_search_library_path(search, &list), list);
	list_visit(&visitor, rl_search_runpath(search, requester, &list), list);
	if ((requester->dynamic.flags_1 & DF_1_NODEFLIB) == 0)
		list_visit(&visitor, rl_search_defaults(search, &list), list);
}
