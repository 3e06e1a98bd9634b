/* glibc's tunables: the numbers that libc.so.6 asks its linker for, and what the environment says about them.
 *
 * libc passes a tunable's number, which its own build fixed, so each numbering that was released is a list
 * (tunable_tables.c).  Nothing is copied at start-up: a value lies here only if a variable set it.
 */
#ifndef RL_ABI_GLIBC_TUNABLES_H
#define RL_ABI_GLIBC_TUNABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rl_tunable_type {
	RL_TUNABLE_INT32,  /* libc reads 4 bytes */
	RL_TUNABLE_UINT64, /* 8 bytes */
	RL_TUNABLE_SIZE,   /* 8 bytes */
	RL_TUNABLE_STRING, /* a pointer, since 2.39 pointer and length */
};

/* What a set-user-id program does with the tunable, until 2.38. */
enum rl_tunable_level {
	RL_TUNABLE_ERASE,  /* take it out of the environment */
	RL_TUNABLE_IGNORE, /* leave it there for others */
};

enum {
	RL_TUNABLE_COUNT_MAX = 48, /* tunables in a list; the longest has 43 */
};

/* One tunable.  Unsigned limits keep their bits. */
struct rl_tunable {
	char name[40];  /* without "glibc." */
	char alias[25]; /* the older variable, "" if there is none */
	uint8_t type;   /* enum rl_tunable_type */
	uint8_t level;  /* enum rl_tunable_level */
	int64_t value;  /* the default */
	int64_t low, high;
};

/* One numbering: rl_tunable_rows[rl_tunable_ids[first + id]] is tunable id. */
struct rl_tunable_list {
	uint16_t release; /* 236 is 2.36 */
	uint16_t machine; /* e_machine: a port uses the lists with RL_PORT_MACHINE */
	uint8_t count;
	uint16_t first;
};

extern const struct rl_tunable rl_tunable_rows[];
extern const uint8_t rl_tunable_ids[];
extern const struct rl_tunable_list rl_tunable_lists[];
extern const size_t rl_tunable_lists_count;

/* What the environment said; sealed with the configuration. */
struct rl_tunables {
	const struct rl_tunable_list *list;
	uint64_t set;          /* bit id: values[id] holds, instead of the default */
	uint64_t refused;      /* bit id, since 2.39: not a number, values[id].text is what was said; glibc warns */
	const char *malformed; /* since 2.39: a value of GLIBC_TUNABLES that is ignored whole; glibc warns */
	bool wants_secure;     /* since 2.40: glibc.rtld.enable_secure=1, behave as if set-user-id */
	struct {
		union {
			int64_t number;
			const char *text; /* in the environment, not terminated */
		};
		size_t length; /* of text */
	} values[RL_TUNABLE_COUNT_MAX];
};

/* The list of a release; count 0 takes its usual one, and an unknown release the nearest older one. */
const struct rl_tunable_list *rl_tunable_list_find(unsigned int release, size_t count);

/* Read the environment as that release does.  A set-user-id program gets its environment cleaned in place.  May be
 * called again once the release is known better. */
void rl_tunables_start(struct rl_tunables *out, unsigned int release, char **envp, bool is_secure);
void rl_tunables_start_list(struct rl_tunables *out, const struct rl_tunable_list *list, char **envp, bool is_secure);

/* __tunable_get_val: store the value in its type's width, then pass its address to callback if the environment set
 * it.  An unknown number stores nothing. */
void rl_tunables_get(const struct rl_tunables *tunables, unsigned int id, void *out, void (*callback)(void *));

/* __tunable_is_initialized. */
bool rl_tunables_is_set(const struct rl_tunables *tunables, unsigned int id);

/* By name, "glibc." included: the tunable, or NULL if this release has none of that name. */
const struct rl_tunable *rl_tunables_find(const struct rl_tunables *tunables, const char *name);

/* The value or default of a number; absent if this release has none of that name. */
int64_t rl_tunables_number(const struct rl_tunables *tunables, const char *name, int64_t absent);

/* The number that the environment gave, if it did; the quick way when nothing is set. */
bool rl_tunables_set_number(const struct rl_tunables *tunables, const char *name, int64_t *out);

/* The text that the environment gave a string, or NULL. */
const char *rl_tunables_text(const struct rl_tunables *tunables, const char *name, size_t *out_length);

#endif
