/* Names to preload: from the environment, from the command line, from /etc/ld.so.preload.  Runs once, when the program
 * is known and before its dependencies are loaded.
 */
#include <string.h>
#include <sys/mman.h>

#include "../base/sys.h"
#include "state.h"

enum { PATH_SIZE = 4096, NAME_SIZE = 255 }; /* the kernel's PATH_MAX and NAME_MAX */

static const char preload_file[] = "/etc/ld.so.preload";

struct preloading {
	struct rl_search *search;
	void (*visit)(void *argument, const char *name, const char *source);
	void *argument;
};

static void name_visit(const struct preloading *preloading, const char *name, const char *source)
{
	preloading->search->is_preloading = true;
	preloading->visit(preloading->argument, name, source);
	preloading->search->is_preloading = false;
}

/* A secure process takes no paths from its caller, nor names that no file can have. */
static bool name_is_allowed(const struct preloading *preloading, const char *name, size_t length)
{
	if (length == 0)
		return false;
	return !preloading->search->options->is_secure || (length < NAME_SIZE && strchr(name, '/') == NULL);
}

static bool is_list_separator(char c)
{
	return c == ' ' || c == ':';
}

static void list_visit(const struct preloading *preloading, const char *list, const char *source)
{
	char name[PATH_SIZE];
	while (*list != '\0') {
		const char *end = list;
		while (*end != '\0' && !is_list_separator(*end))
			end++;
		size_t length = (size_t)(end - list);
		if (length < sizeof name) {
			memcpy(name, list, length);
			name[length] = '\0';
			if (name_is_allowed(preloading, name, length))
				name_visit(preloading, name, source);
		}
		list += length + (list[length] != '\0');
	}
}

static bool is_file_separator(char c)
{
	return c == ':' || c == ' ' || c == '\t' || c == '\n';
}

/* Blank the comments.  The original counts what is left to look at from the start of the file, so that with several
 * comments one near the end may survive and is taken for names: whoever depends on it gets the same here. */
static void comments_blank(char *text, size_t size)
{
	size_t rest = size;
	char *comment;
	while (rest != 0 && (comment = memchr(text, '#', rest)) != NULL) {
		rest -= (size_t)(comment - text);
		do {
			*comment++ = ' ';
			rest--;
		} while (rest != 0 && *comment != '\n');
	}
}

/* The names in TEXT, whose byte behind the end can not be written.  As in the original a NUL in the file hides what
 * follows, but for an unfinished last word. */
static void file_visit(const struct preloading *preloading, char *text, size_t size)
{
	comments_blank(text, size);
	char *tail = text + size;
	while (tail > text && !is_file_separator(tail[-1]))
		tail--;
	char *last = memchr(text, '\0', (size_t)(tail - text));
	char *end = last != NULL ? last : tail;
	for (char *word = text; word < end;) {
		char *stop = word;
		while (stop < end && !is_file_separator(*stop))
			stop++;
		/* There is a byte to write: a separator or the NUL that ended the text. */
		*stop = '\0';
		if (stop != word)
			name_visit(preloading, word, preload_file);
		word = stop + 1;
	}
	char name[PATH_SIZE];
	size_t length = (size_t)(text + size - tail);
	if (length == 0 || length >= sizeof name || *tail == '\0')
		return;
	memcpy(name, tail, length);
	name[length] = '\0';
	name_visit(preloading, name, preload_file);
}

void rl_preload_each(struct rl_search *search,
		     void (*visit)(void *argument, const char *name, const char *source), void *argument)
{
	struct preloading preloading = {search, visit, argument};
	const struct rl_options *options = search->options;
	if (options->preload_environment != NULL)
		list_visit(&preloading, options->preload_environment, "LD_PRELOAD");
	if (options->preload_command != NULL)
		list_visit(&preloading, options->preload_command, "--preload");

	/* There is seldom such a file, and asking whether there is one is the cheapest question. */
	struct rl_whole_file file;
	if (rl_sys_access_read(preload_file) != 0)
		return;
	rl_whole_file_map(preload_file, PROT_READ | PROT_WRITE, &file);
	if (file.bytes == NULL)
		return;
	file_visit(&preloading, file.bytes, file.size);
	rl_sys_unmap((uintptr_t)file.bytes, file.size);
}
