/* Taking search paths apart, as ld.so does: tokens expanded, trailing slashes reduced to one, an empty component means
 * the working directory, a component that expands to nothing means nothing, and repetitions count once.
 */
#define _GNU_SOURCE /* strchrnul */
#include "directories.h"

#include <string.h>

#include "../../arch/port.h"
#include "../base/heap.h"

static const char default_directories[RL_DEFAULT_DIRECTORY_COUNT][32] = {
	"/" RL_PORT_LIB "/",
	"/usr/" RL_PORT_LIB "/",
	"/lib/",
	"/usr/lib/",
};

const char *rl_default_directory(unsigned index, size_t *out_length)
{
	*out_length = strlen(default_directories[index]);
	return default_directories[index];
}

static uint32_t name_hash(const char *name, size_t length)
{
	uint32_t hash = 2166136261;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619;
	return hash;
}

static struct rl_directory *directory_make(struct rl_directories *directories, const char *name, size_t length)
{
	unsigned state_count = directories->hwcaps->count;
	struct rl_directory *directory = rl_heap_take(sizeof *directory + state_count + length + 1);
	if (directory == NULL)
		return NULL;
	directory->length = length;
	directory->name = (char *)directory->states + state_count;
	if (length != 0)
		memcpy(directory->name, name, length);
	if (length == 0 || *name != '/')
		memset(directory->states, RL_DIRECTORY_EXISTS, state_count);
	if (length > directories->longest)
		directories->longest = length;
	return directory;
}

/* The directory of that name, which ends with a slash or is empty. */
static struct rl_directory *directory_intern(struct rl_directories *directories, const char *name, size_t length)
{
	uint32_t hash = name_hash(name, length);
	struct rl_directory **bucket = &directories->buckets[hash % RL_DIRECTORY_BUCKETS];
	for (struct rl_directory *known = *bucket; known != NULL; known = known->next)
		if (known->hash == hash && known->length == length && memcmp(known->name, name, length) == 0)
			return known;
	struct rl_directory *directory = directory_make(directories, name, length);
	if (directory == NULL)
		return NULL;
	directory->hash = hash;
	directory->next = *bucket;
	*bucket = directory;
	return directory;
}

static void list_add(struct rl_directory_list *list, struct rl_directory *directory)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == directory)
			return;
	list->items[list->count++] = directory;
}

/* Add the directory that one component means.  BUFFER has room for it and a slash. */
static bool component_add(struct rl_directories *directories, const char *component, size_t length,
			  const struct rl_token_values *values, char *buffer, struct rl_directory_list *list)
{
	char *expanded = NULL;
	const char *name = component;
	if (length != 0 && rl_tokens_in(component, length) != 0) {
		expanded = rl_tokens_expand(values, component, length);
		if (expanded == NULL)
			return false;
		size_t expanded_length = strlen(expanded);
		buffer = expanded_length == 0 ? NULL : rl_heap_grow(expanded, expanded_length, expanded_length + 1);
		if (buffer == NULL) {
			rl_heap_give(expanded);
			return expanded_length == 0;
		}
		expanded = buffer;
		length = expanded_length;
	} else if (length != 0) {
		memcpy(buffer, name, length);
	}
	while (length > 1 && buffer[length - 1] == '/')
		length--;
	if (length != 0 && buffer[length - 1] != '/')
		buffer[length++] = '/';
	struct rl_directory *directory = directory_intern(directories, buffer, length);
	rl_heap_give(expanded);
	if (directory == NULL)
		return false;
	list_add(list, directory);
	return true;
}

static const char *component_end(const char *component, const char *separators)
{
	while (*component != '\0' && *component != separators[0]
	       && (separators[1] == '\0' || *component != separators[1]))
		component++;
	return component;
}

/* Read every component into LIST, whose array is large enough. */
static bool components_read(struct rl_directories *directories, const char *path, const char *separators,
			    const struct rl_token_values *values, struct rl_directory_list *list)
{
	char *buffer = rl_heap_take(strlen(path) + 2);
	if (buffer == NULL)
		return false;
	bool is_good = true;
	for (const char *component = path; is_good && component != NULL;) {
		const char *end = component_end(component, separators);
		is_good = component_add(directories, component, (size_t)(end - component), values, buffer, list);
		component = *end == '\0' ? NULL : end + 1;
	}
	rl_heap_give(buffer);
	return is_good;
}

bool rl_directories_read(struct rl_directories *directories, const char *path, const char *separators,
			 const struct rl_token_values *values, struct rl_directory_list *list)
{
	struct rl_directory_list fresh = {.is_read = true};
	if (*path == '\0') {
		*list = fresh;
		return true;
	}
	if (!rl_hwcaps_list(directories->hwcaps))
		return false;
	size_t limit = 1;
	for (const char *end = component_end(path, separators); *end != '\0'; end = component_end(end + 1, separators))
		limit++;
	fresh.items = rl_heap_take(limit * sizeof *fresh.items);
	if (fresh.items == NULL)
		return false;
	if (!components_read(directories, path, separators, values, &fresh)) {
		rl_heap_give(fresh.items);
		return false;
	}
	*list = fresh;
	return true;
}

bool rl_directories_read_default(struct rl_directories *directories, struct rl_directory_list *list)
{
	struct rl_directory_list fresh = {.is_read = true};
	if (!rl_hwcaps_list(directories->hwcaps))
		return false;
	fresh.items = rl_heap_take(RL_DEFAULT_DIRECTORY_COUNT * sizeof *fresh.items);
	if (fresh.items == NULL)
		return false;
	for (unsigned i = 0; i < RL_DEFAULT_DIRECTORY_COUNT; i++) {
		size_t length;
		const char *name = rl_default_directory(i, &length);
		struct rl_directory *directory = directory_intern(directories, name, length);
		if (directory == NULL) {
			rl_heap_give(fresh.items);
			return false;
		}
		list_add(&fresh, directory);
	}
	*list = fresh;
	return true;
}

void rl_directories_drop(struct rl_directory_list *list)
{
	rl_heap_give(list->items);
	*list = (struct rl_directory_list){0};
}

bool rl_directories_are_inhibited(const char *list, const char *path)
{
	size_t length = strlen(path);
	/* Like the original: an empty list names the program, whose path is empty, but a final colon does not. */
	do {
		const char *end = strchrnul(list, ':');
		if ((size_t)(end - list) == length && memcmp(list, path, length) == 0)
			return true;
		list = *end == '\0' ? end : end + 1;
	} while (*list != '\0');
	return false;
}
