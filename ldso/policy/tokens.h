/* Dynamic string tokens (gABI "Substitution Sequences"): $ORIGIN, $LIB, $PLATFORM, each also in braces. */
#ifndef RL_POLICY_TOKENS_H
#define RL_POLICY_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

struct rl_object;
struct rl_options;

/* What the tokens stand for; NULL: not known, and a string that contains the token must not be used. */
struct rl_token_values {
	const char *origin, *platform, *lib;
	bool is_secure;  /* $ORIGIN only as the first component */
	bool is_checked; /* with $ORIGIN in a secure process: the result must lie in a default directory */
};

enum {
	RL_TOKEN_ANY = 1,    /* there is a token */
	RL_TOKEN_ORIGIN = 2, /* one of them is $ORIGIN */
};

/* Which RL_TOKEN_* are in the LENGTH bytes of INPUT. */
unsigned rl_tokens_in(const char *input, size_t length);

/* A heap copy of INPUT with its tokens replaced; "" if it must not be used; NULL: no memory. */
char *rl_tokens_expand(const struct rl_token_values *values, const char *input, size_t length);

/* $ORIGIN of OBJECT, found once and kept in object->origin; NULL if it cannot be known. */
const char *rl_tokens_origin(struct rl_object *object, const struct rl_options *options);

/* The same if the object was loaded from PATH. */
const char *rl_tokens_origin_of(struct rl_object *object, const char *path);

/* Whether the normalised PATH lies in or below a default directory. */
bool rl_tokens_path_is_trusted(const char *path, size_t length);

#endif
