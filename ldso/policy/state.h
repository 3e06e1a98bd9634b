/* What the one search of a process remembers.  Private to the policy. */
#ifndef RL_POLICY_STATE_H
#define RL_POLICY_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "cache.h"
#include "directories.h"
#include "hwcaps.h"
#include "search.h"

struct rl_search {
	const struct rl_options *options;
	const struct rl_search_machine *machine;
	struct rl_object *program; /* NULL until it is loaded */
	struct rl_hwcaps hwcaps;
	struct rl_directories directories;
	struct rl_directory_list library_path, defaults;
	bool is_preloading;        /* and so, in a secure process, the rules are stricter */
	int last_error;            /* errno of the last file operation, as the original would have it */

	bool has_cache, is_cache_tried;
	struct rl_cache cache;

	const struct rl_search_listener *listener; /* NULL: nobody */

	char *buffer;              /* for the path that is being tried */
	size_t buffer_size;
};

/* object->policy: the lists of one object. */
struct rl_object_directories {
	struct rl_directory_list rpath, runpath;
};

/* news.c: tell the listener, if there is one. */
static inline bool rl_search_is_watched(const struct rl_search *search)
{
	return __builtin_expect(search->listener != NULL, 0);
}
void rl_search_tell(const struct rl_search *search, enum rl_search_step step, const char *text);
void rl_search_tell_list(const struct rl_search *search, const struct rl_directory_list *list, const char *kind,
			 const struct rl_object *owner);

/* A whole file, mapped privately. */
struct rl_whole_file {
	void *bytes;
	size_t size;
};

/* Map PATH with PROTECTION: open, fstat, mmap, close.  Returns 0 or an errno; an empty file has no bytes (NULL). */
int rl_whole_file_map(const char *path, int protection, struct rl_whole_file *out_file);

/* What tokens mean for OBJECT (NULL: nobody) in the LENGTH bytes of INPUT.  $ORIGIN is looked up only if needed. */
struct rl_token_values rl_search_token_values(struct rl_search *search, struct rl_object *object, const char *input,
					      size_t length);

/* places.c: a list to search on behalf of OBJECT, taken apart on first use.  False: no memory.  *OUT_LIST is NULL if
 * there is nothing to search.  The last two do not depend on the object. */
bool rl_search_rpath(struct rl_search *search, struct rl_object *object, struct rl_directory_list **out_list);
bool rl_search_runpath(struct rl_search *search, struct rl_object *object, struct rl_directory_list **out_list);
bool rl_search_library_path(struct rl_search *search, struct rl_object *object, struct rl_directory_list **out_list);
bool rl_search_defaults(struct rl_search *search, struct rl_object *object, struct rl_directory_list **out_list);

#endif
