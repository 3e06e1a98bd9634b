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

/* Visit the list that one of the readers gives for OBJECT. */
static void list_visit(const struct visitor *visitor, struct rl_search *search, struct rl_object *object,
		       bool (*read)(struct rl_search *, struct rl_object *, struct rl_directory_list **))
{
	struct rl_directory_list *list = NULL;
	if (!read(search, object, &list) || list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		directory_visit(visitor, list->items[i]);
}

void rl_search_each_directory(struct rl_search *search, struct rl_object *requester,
			      void (*visit)(void *argument, const char *directory, unsigned flag), void *argument)
{
	struct visitor visitor = {visit, argument};
	if (requester->dynamic.runpath == NULL) {
		for (struct rl_object *object = requester; object != NULL; object = object->loader)
			list_visit(&visitor, search, object, rl_search_rpath);
		/* As in the original the program may come a second time here, if it is among the loaders. */
		if (search->program != NULL && search->program != requester)
			list_visit(&visitor, search, search->program, rl_search_rpath);
	}
	list_visit(&visitor, search, requester, rl_search_library_path);
	list_visit(&visitor, search, requester, rl_search_runpath);
	if ((requester->dynamic.flags_1 & DF_1_NODEFLIB) == 0)
		list_visit(&visitor, search, requester, rl_search_defaults);
}
