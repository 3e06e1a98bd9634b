/* What musl does differently from glibc, as far as it is a matter of rules: for whoever loads on its behalf. */
#include <string.h>

#include "../../link/list.h"
#include "musl.h"

struct rl_rules rl_musl_rules(void)
{
	return (struct rl_rules){
		.ignores_versions = true,
		.ignores_sonames = true,
		.ignores_filters = true,
		.ignores_uniques = true,
		.caller_is_loader = true,
		.opens_executables = true,
		.binds_calls_first = true,
		.constructs_later = true,
		.default_is_global = true,
	};
}

/* Behind "lib": every library that musl's libc contains, and every one whose name begins so. */
static const char reserved[][9] = {"c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."};

int rl_musl_libc_part(const char *name)
{
	if (strncmp(name, "lib", 3) != 0)
		return -1;
	for (size_t part = 0; part < sizeof reserved / sizeof reserved[0]; part++)
		if (strncmp(name + 3, reserved[part], strlen(reserved[part])) == 0)
			return (int)part;
	return -1;
}

const Elf64_Sym *rl_musl_definition_find(const struct rl_object *object, const char *name)
{
	struct rl_name key = rl_name_make(name);
	struct rl_want want = {.skip_undefined_functions = true};
	const Elf64_Sym *symbol = rl_symbols_find(&object->symbols, &key, &want);
	return symbol != NULL && symbol->st_shndx != SHN_UNDEF ? symbol : NULL;
}

/* Both musl's and glibc's libc define these, and no library that only replaces some functions does. */
bool rl_musl_is_libc(const struct rl_object *object)
{
	return rl_musl_definition_find(object, "__libc_start_main") != NULL
	       && rl_musl_definition_find(object, "stdin") != NULL;
}

/* The order of construction.  musl's: depth first over direct dependencies in DT_NEEDED order, cycles cut where they
 * are met.  Without recursion: work_next links the path back to the start, work_index says how far each object came. */
enum rl_status rl_musl_sort(struct rl_object *root)
{
	size_t count = root->closure.count, at = count;
	RL_TRY(rl_list_reserve(&root->sorted, count));
	struct rl_object *object = root;
	root->mark = true;
	root->work_next = NULL;
	root->work_index = 0;
	while (object != NULL) {
		if (object->work_index == object->needed.count) {
			root->sorted.items[--at] = object;
			object = object->work_next;
			continue;
		}
		struct rl_object *next = object->needed.items[object->work_index++];
		if (next->mark)
			continue;
		next->mark = true;
		next->work_next = object;
		next->work_index = 0;
		object = next;
	}
	/* What stands ahead of another object is in the closure without being needed. */
	for (size_t i = 0; i < count; i++) {
		if (!root->closure.items[i]->mark)
			root->sorted.items[--at] = root->closure.items[i];
		root->closure.items[i]->mark = false;
	}
	root->sorted.count = count;
	return RL_OK;
}
