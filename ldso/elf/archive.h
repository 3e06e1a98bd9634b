/* Archives of relocatable files as ar makes them: GNU ("/" index, "//" long names, 64-bit index) and thin ones.
 * Bounded view over bytes that stay the caller's. */
#ifndef RL_ELF_ARCHIVE_H
#define RL_ELF_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rl_archive {
	const char *bytes;
	size_t size;
	bool is_thin;       /* members are files beside the archive */
	const char *names;  /* long names, or NULL */
	size_t names_size;
	const char *index;  /* count, places of members, names of symbols; NULL: there is none */
	size_t index_size, index_width; /* bytes of a number: 4 or 8 */
	size_t index_count;
	size_t first; /* place of the first real member */
};

struct rl_archive_member {
	char name[256];
	const char *bytes; /* NULL: in the file NAME */
	size_t size;
	size_t place, next; /* of its header, of the next one's */
};

/* One entry of the index after the other. */
struct rl_archive_cursor {
	size_t number;
	const char *name; /* of the next entry */
};

/* Whether BYTES start like an archive. */
bool rl_archive_is(const char *bytes, size_t size);

/* False: it is none, or damaged. */
bool rl_archive_open(const char *bytes, size_t size, struct rl_archive *out);

/* The member whose header is at PLACE; false: damaged.  The end is at PLACE == size. */
bool rl_archive_member(const struct rl_archive *archive, size_t place, struct rl_archive_member *out);

/* The next symbol of the index and its member's place; false: the end. */
bool rl_archive_next(const struct rl_archive *archive, struct rl_archive_cursor *cursor, const char **out_name,
		     size_t *out_place);

#endif
