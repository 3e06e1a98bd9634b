/* Lists of directories to search, and what is known about their existence.  A directory that occurs in several lists is
 * one struct, so one failed look at it serves all. */
#ifndef RL_POLICY_DIRECTORIES_H
#define RL_POLICY_DIRECTORIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hwcaps.h"
#include "tokens.h"

enum { RL_DEFAULT_DIRECTORY_COUNT = 4 };

/* Default directory number INDEX, with its final slash. */
const char *rl_default_directory(unsigned index, size_t *out_length);

enum rl_directory_state {
	RL_DIRECTORY_UNKNOWN, /* not yet looked at */
	RL_DIRECTORY_EXISTS,  /* or must never be passed over: a relative path means something else after chdir */
	RL_DIRECTORY_MISSING,
};

struct rl_directory {
	struct rl_directory *next; /* in the same bucket */
	uint32_t hash;
	bool is_missing;           /* with all its subdirectories */
	size_t length;
	char *name;                /* with its final slash, terminated; "" is the working directory */
	unsigned char states[];    /* enum rl_directory_state of each of the machine's subdirectories */
};

/* A path like RPATH, taken apart once. */
struct rl_directory_list {
	bool is_read;
	size_t count;
	struct rl_directory **items;
};

enum { RL_DIRECTORY_BUCKETS = 32 };

/* All directories of the process; they live as long as it does. */
struct rl_directories {
	struct rl_hwcaps *hwcaps;
	size_t longest;
	struct rl_directory *buckets[RL_DIRECTORY_BUCKETS];
};

/* Take PATH apart at any of SEPARATORS (one or two characters), with VALUES for its tokens.  Repeated directories are
 * kept once.  False: no memory, and LIST stays unread. */
bool rl_directories_read(struct rl_directories *directories, const char *path, const char *separators,
			 const struct rl_token_values *values, struct rl_directory_list *list);

/* The list of the default directories. */
bool rl_directories_read_default(struct rl_directories *directories, struct rl_directory_list *list);

/* Give the list's own memory back. */
void rl_directories_drop(struct rl_directory_list *list);

/* Whether LIST, a colon list of object paths, contains PATH. */
bool rl_directories_are_inhibited(const char *list, const char *path);

#endif
