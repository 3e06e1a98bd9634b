/* Telling who watches a search what it does. */
#include <string.h>

#include "../base/heap.h"
#include "state.h"

void rl_search_listen(struct rl_search *search, const struct rl_search_listener *listener)
{
	search->listener = listener;
}

void rl_search_tell(const struct rl_search *search, enum rl_search_step step, const char *text)
{
	struct rl_search_news news = {.step = step, .text = text};
	search->listener->hear(search->listener->context, &news);
}

/* The directories that may be there, each with its subdirectories, without their final slashes.  Returns the size with
 * the final NUL; BUFFER NULL: only measures. */
static size_t list_write(const struct rl_search *search, const struct rl_directory_list *list, char *buffer)
{
	size_t used = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct rl_directory *directory = list->items[i];
		for (unsigned j = 0; !directory->is_missing && j < search->hwcaps.count; j++) {
			const struct rl_subdirectory *subdirectory = &search->hwcaps.subdirectories[j];
			size_t length = directory->length + subdirectory->length;
			if (directory->states[j] == RL_DIRECTORY_MISSING)
				continue;
			if (buffer != NULL) {
				memcpy(buffer + used, directory->name, directory->length);
				memcpy(buffer + used + directory->length, subdirectory->name, subdirectory->length);
				buffer[used + length] = ':';
			}
			used += length > 1 ? length - 1 : length;
			if (buffer != NULL)
				buffer[used] = ':';
			used++;
		}
	}
	if (buffer != NULL && used != 0)
		buffer[used - 1] = '\0';
	return used;
}

void rl_search_tell_list(const struct rl_search *search, const struct rl_directory_list *list, const char *kind,
			 const struct rl_object *owner)
{
	size_t size = list_write(search, list, NULL);
	char *text = size == 0 ? NULL : rl_heap_take(size + 1); /* a slash is written, and then overwritten */
	if (text == NULL)
		return;
	list_write(search, list, text);
	struct rl_search_news news = {.step = RL_SEARCH_LIST, .text = text, .kind = kind, .owner = owner};
	search->listener->hear(search->listener->context, &news);
	rl_heap_give(text);
}
