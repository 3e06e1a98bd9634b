/* Expanding dynamic string tokens and finding out what $ORIGIN is.  Follows the gABI, with ld.so's rules for secure
 * processes: there $ORIGIN may only begin a path, and the program's own must end up in a default directory.
 */
#include "tokens.h"

#include <string.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "../link/object.h"
#include "directories.h"
#include "options.h"

enum { PATH_SIZE = 4096 }; /* the kernel gives no longer paths */

enum token { TOKEN_NONE, ORIGIN, PLATFORM, LIB };

static const char token_names[][9] = {[ORIGIN] = "ORIGIN", [PLATFORM] = "PLATFORM", [LIB] = "LIB"};

static bool continues_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The token that the bytes after a '$' spell, and how many they are. */
static enum token token_read(const char *text, const char *end, size_t *out_length)
{
	bool has_braces = text < end && *text == '{';
	const char *name = text + has_braces;
	size_t left = (size_t)(end - name);
	for (enum token token = ORIGIN; token <= LIB; token++) {
		size_t length = strlen(token_names[token]);
		if (left < length || memcmp(name, token_names[token], length) != 0)
			continue;
		char next = left > length ? name[length] : '\0';
		if (has_braces ? next != '}' : continues_name(next))
			continue;
		*out_length = length + (has_braces ? 2 : 0);
		return token;
	}
	return TOKEN_NONE;
}

unsigned rl_tokens_in(const char *input, size_t length)
{
	unsigned found = 0;
	const char *end = input + length;
	while ((input = memchr(input, '$', (size_t)(end - input))) != NULL) {
		size_t token_length = 0;
		enum token token = token_read(++input, end, &token_length);
		if (token != TOKEN_NONE)
			found |= token == ORIGIN ? RL_TOKEN_ANY | RL_TOKEN_ORIGIN : RL_TOKEN_ANY;
		input += token_length;
	}
	return found;
}

/* In a secure process $ORIGIN must be the whole first component. */
static bool origin_is_allowed(const struct rl_token_values *values, bool is_first, const char *rest, const char *end)
{
	return !values->is_secure || (is_first && (rest == end || *rest == '/'));
}

/* Write the expansion to OUT unless it is NULL; *OUT_LENGTH is its length.  False: the input must not be used. */
static bool expand(const struct rl_token_values *values, const char *input, size_t length, char *out,
		   size_t *out_length)
{
	const char *start = input;
	const char *end = input + length;
	size_t used = 0;
	while (input < end) {
		const char *text = input;
		size_t size = 1;
		size_t token_length = 0;
		enum token token = *input == '$' ? token_read(input + 1, end, &token_length) : TOKEN_NONE;
		input += 1 + token_length;
		if (token != TOKEN_NONE) {
			if (token == ORIGIN && !origin_is_allowed(values, text == start, input, end))
				return false;
			text = token == ORIGIN ? values->origin : token == LIB ? values->lib : values->platform;
			if (text == NULL)
				return false;
			size = strlen(text);
		}
		if (out != NULL)
			memcpy(out + used, text, size);
		used += size;
	}
	*out_length = used;
	return true;
}

char *rl_tokens_expand(const struct rl_token_values *values, const char *input, size_t length)
{
	size_t size = 0;
	bool is_usable = expand(values, input, length, NULL, &size);
	char *result = rl_heap_take(is_usable ? size + 1 : 1);
	if (result == NULL || !is_usable)
		return result;
	expand(values, input, length, result, &size);
	result[size] = '\0';
	bool must_check = values->is_secure && values->is_checked && (rl_tokens_in(input, length) & RL_TOKEN_ORIGIN);
	if (must_check && !rl_tokens_path_is_trusted(result, size))
		*result = '\0';
	return result;
}

/* Resolve "." and ".." in PATH by name alone; OUT has room for length + 2 bytes and ends with a slash. */
static size_t path_normalise(const char *path, size_t length, char *out)
{
	const char *end = path + length;
	size_t used = 0;
	while (path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t size = (size_t)((slash != NULL ? slash : end) - path);
		if (size == 2 && path[0] == '.' && path[1] == '.') {
			/* OUT ends with a slash: take that and the component before it away. */
			if (used > 1)
				used--;
			while (used > 0 && out[used - 1] != '/')
				used--;
		} else if ((size != 0 || used == 0) && !(size == 1 && *path == '.')) {
			memcpy(out + used, path, size);
			used += size;
			out[used++] = '/';
		}
		path += size + (slash != NULL ? 1 : 0);
	}
	return used;
}

bool rl_tokens_path_is_trusted(const char *path, size_t length)
{
	if (length == 0 || *path != '/')
		return false;
	char *normal = rl_heap_take(length + 2);
	if (normal == NULL)
		return false;
	size_t used = path_normalise(path, length, normal);
	bool is_trusted = false;
	size_t default_length;
	for (unsigned i = 0; !is_trusted && i < RL_DEFAULT_DIRECTORY_COUNT; i++) {
		const char *directory = rl_default_directory(i, &default_length);
		is_trusted = used >= default_length && memcmp(normal, directory, default_length) == 0;
	}
	rl_heap_give(normal);
	return is_trusted;
}

/* A heap copy of the directory part of PATH, or of "" if PATH is NULL. */
static const char *origin_keep(struct rl_object *object, const char *path, size_t length)
{
	while (length > 1 && path[length - 1] != '/')
		length--;
	if (length > 1)
		length--;
	char *copy = rl_heap_take(length + 1);
	if (copy == NULL)
		return NULL;
	if (length != 0)
		memcpy(copy, path, length);
	object->origin = copy;
	return length != 0 ? copy : NULL;
}

const char *rl_tokens_origin_of(struct rl_object *object, const char *path)
{
	if (*path == '/')
		return origin_keep(object, path, strlen(path));
	size_t path_length = strlen(path);
	char *buffer = rl_heap_take(PATH_SIZE + 1 + path_length + 1);
	if (buffer == NULL)
		return NULL;
	long size = rl_sys_working_directory(buffer, PATH_SIZE);
	size_t length = 0;
	/* A directory outside of this root is told as "(unreachable)/…". */
	if (!rl_sys_is_error(size) && size > 1 && *buffer == '/') {
		length = (size_t)size - 1;
		if (buffer[length - 1] != '/')
			buffer[length++] = '/';
		memcpy(buffer + length, path, path_length + 1);
		length += path_length;
	}
	const char *origin = origin_keep(object, buffer, length);
	rl_heap_give(buffer);
	return origin;
}

/* The program that the kernel loaded has no path of its own: /proc knows, LD_ORIGIN_PATH if /proc is not there. */
static const char *program_origin(struct rl_object *object, const struct rl_options *options)
{
	char link[PATH_SIZE];
	long size = rl_sys_read_link("/proc/self/exe", link, sizeof link);
	if (!rl_sys_is_error(size) && size > 0 && link[0] == '/')
		return origin_keep(object, link, (size_t)size);
	const char *path = options->origin_path;
	if (path == NULL)
		return origin_keep(object, NULL, 0);
	size_t length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	char *copy = rl_heap_take(length + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, path, length);
	object->origin = copy;
	return *copy != '\0' ? copy : NULL;
}

const char *rl_tokens_origin(struct rl_object *object, const struct rl_options *options)
{
	if (object->origin != NULL)
		return *object->origin != '\0' ? object->origin : NULL;
	if (object->path == NULL || *object->path == '\0')
		return program_origin(object, options);
	return rl_tokens_origin_of(object, object->path);
}
