/* Dynamic string tokens: what counts as one, what a secure process allows, and where $ORIGIN comes from. */
#include "../../ldso/policy/tokens.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/link/object.h"
#include "../../ldso/policy/options.h"
#include "check.h"

static bool expands(const struct rl_token_values *values, const char *input, const char *expected)
{
	/* Exactly its size, without a NUL: the expansion may look at no byte behind it. */
	size_t length = strlen(input);
	char *exact = malloc(length != 0 ? length : 1);
	memcpy(exact, input, length);
	char *expanded = rl_tokens_expand(values, exact, length);
	bool is_good = expanded != NULL && strcmp(expanded, expected) == 0;
	if (!is_good)
		fprintf(stderr, "%s became %s instead of %s\n", input, expanded, expected);
	rl_heap_give(expanded);
	free(exact);
	return is_good;
}

static unsigned tokens_in(const char *input)
{
	return rl_tokens_in(input, strlen(input));
}

static void recognition_check(void)
{
	CHECK(tokens_in("") == 0);
	CHECK(tokens_in("/usr/lib") == 0);
	CHECK(tokens_in("$") == 0 && tokens_in("$$") == 0 && tokens_in("${") == 0 && tokens_in("${}") == 0);
	CHECK(tokens_in("$ORIGIN") == (RL_TOKEN_ANY | RL_TOKEN_ORIGIN));
	CHECK(tokens_in("$$ORIGIN/x") == (RL_TOKEN_ANY | RL_TOKEN_ORIGIN));
	CHECK(tokens_in("x/${ORIGIN}y") == (RL_TOKEN_ANY | RL_TOKEN_ORIGIN));
	CHECK(tokens_in("$LIB") == RL_TOKEN_ANY && tokens_in("$PLATFORM.") == RL_TOKEN_ANY);
	CHECK(tokens_in("$LIBX") == 0 && tokens_in("$LIB_") == 0 && tokens_in("$LIB0") == 0 && tokens_in("$lib") == 0);
	CHECK(tokens_in("${LIB") == 0 && tokens_in("${LIB]") == 0 && tokens_in("$ORIGI") == 0);
	CHECK(tokens_in("$FOO/$LIB") == RL_TOKEN_ANY);
}

static void expansion_check(void)
{
	struct rl_token_values values = {.origin = "/opt/x", .platform = "haswell", .lib = "lib/cpu"};
	CHECK(expands(&values, "", ""));
	CHECK(expands(&values, "$ORIGIN", "/opt/x"));
	CHECK(expands(&values, "$ORIGIN/../$LIB/${PLATFORM}s", "/opt/x/../lib/cpu/haswells"));
	CHECK(expands(&values, "a$ORIGIN$LIB", "a/opt/xlib/cpu"));
	CHECK(expands(&values, "$ORIGINX/$", "$ORIGINX/$"));
	CHECK(expands(&values, "$ORIGIN.$FOO", "/opt/x.$FOO"));
	values.platform = NULL;
	CHECK(expands(&values, "/a/$PLATFORM", ""));
	values.origin = NULL;
	CHECK(expands(&values, "$ORIGIN/b", ""));
	CHECK(expands(&values, "/a/$LIB", "/a/lib/cpu"));
}

static void secure_check(void)
{
	struct rl_token_values values = {.origin = "/usr/lib/x", .lib = "lib", .is_secure = true};
	CHECK(expands(&values, "$ORIGIN/a", "/usr/lib/x/a"));
	CHECK(expands(&values, "${ORIGIN}", "/usr/lib/x"));
	CHECK(expands(&values, "$ORIGIN.a", ""));
	CHECK(expands(&values, "/$ORIGIN", ""));
	CHECK(expands(&values, "$ORIGIN/$ORIGIN", ""));
	CHECK(expands(&values, "/opt/$LIB", "/opt/lib"));
	values.is_checked = true;
	CHECK(expands(&values, "$ORIGIN/a", "/usr/lib/x/a"));
	CHECK(expands(&values, "$ORIGIN/..", "/usr/lib/x/.."));
	CHECK(expands(&values, "$ORIGIN/../..", ""));
	CHECK(expands(&values, "$ORIGIN/../../lib/./y", "/usr/lib/x/../../lib/./y"));
	CHECK(expands(&values, "/opt/$LIB", "/opt/lib")); /* only $ORIGIN can be bent by the caller */
	values.origin = "/home/x";
	CHECK(expands(&values, "$ORIGIN/a", ""));
	CHECK(expands(&values, "$ORIGIN/../../usr/lib", "/home/x/../../usr/lib"));
}

static bool is_trusted(const char *path)
{
	return rl_tokens_path_is_trusted(path, strlen(path));
}

static void trust_check(void)
{
	CHECK(is_trusted("/lib") && is_trusted("/lib/") && is_trusted("/usr/lib/a/b") && is_trusted("//usr//lib"));
	CHECK(is_trusted("/a/../lib") && is_trusted("/../lib") && is_trusted("/./lib/."));
	CHECK(!is_trusted("") && !is_trusted("/") && !is_trusted("/lib/..") && !is_trusted("/lib64x/../x"));
	CHECK(!is_trusted("/library") && !is_trusted("lib") && !is_trusted("a/..//lib") && !is_trusted("/usr/lib/../x"));
}

static void origin_is(const char *path, const char *expected)
{
	struct rl_options options = {0};
	struct rl_object object = {.kind = RL_OBJECT_LIBRARY, .path = path};
	const char *origin = rl_tokens_origin(&object, &options);
	CHECK(origin != NULL && strcmp(origin, expected) == 0);
	CHECK(rl_tokens_origin(&object, &options) == origin); /* found once */
	rl_heap_give((char *)object.origin);
}

static void origin_check(void)
{
	char here[PATH_MAX], expected[2 * PATH_MAX];
	origin_is("/a/b/c.so", "/a/b");
	origin_is("/c.so", "/");
	origin_is("/a/./b/../c.so", "/a/./b/..");
	if (getcwd(here, sizeof here) != NULL && here[1] != '\0') {
		origin_is("c.so", here);
		snprintf(expected, sizeof expected, "%s/%s", here, "sub/..");
		origin_is("sub/../c.so", expected);
	}
	ssize_t length = readlink("/proc/self/exe", here, sizeof here - 1);
	if (length > 0) {
		here[length] = '\0';
		*strrchr(here, '/') = '\0';
		origin_is("", here);
	}
}

int main(void)
{
	recognition_check();
	expansion_check();
	secure_check();
	trust_check();
	origin_check();
	return check_result();
}
