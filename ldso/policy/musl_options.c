/* What the user may ask of musl's dynamic loader.  Runs once, before anything is loaded. */
#include <string.h>

#include "musl.h"

static bool is_secure(const struct rl_kernel *kernel)
{
	const uint64_t ids = (uint64_t)1 << AT_UID | 1 << AT_EUID | 1 << AT_GID | 1 << AT_EGID;
	return (kernel->aux_present & ids) != ids || kernel->aux[AT_UID] != kernel->aux[AT_EUID]
	       || kernel->aux[AT_GID] != kernel->aux[AT_EGID] || kernel->aux[AT_SECURE] != 0;
}

void rl_musl_options_read_environment(const struct rl_kernel *kernel, struct rl_musl_options *out_options)
{
	*out_options = (struct rl_musl_options){.is_secure = is_secure(kernel)};
	if (out_options->is_secure)
		return;
	out_options->library_path = rl_environment_find(kernel->envp, "LD_LIBRARY_PATH");
	out_options->preload = rl_environment_find(kernel->envp, "LD_PRELOAD");
}

/* An option NAME that takes a value, as the next word or behind '='.  False: WORD is not that option. */
static bool option_read(char **argv, int *at, const char *word, const char *name, const char **out_value,
			bool *out_is_bad)
{
	size_t length = strlen(name);
	if (strncmp(word, name, length) != 0)
		return false;
	if (word[length] == '=')
		*out_value = word + length + 1;
	else if (word[length] != '\0')
		*out_is_bad = true;
	else if (argv[*at] != NULL)
		*out_value = argv[(*at)++];
	return true;
}

bool rl_musl_options_read_command(const struct rl_kernel *kernel, struct rl_musl_options *options)
{
	char **argv = kernel->argv;
	size_t length = kernel->argc == 0 ? 0 : strlen(argv[0]);
	options->lists = length >= 3 && strcmp(argv[0] + length - 3, "ldd") == 0;
	int at = 1;
	bool is_bad = kernel->argc == 0;
	while (!is_bad && argv[at] != NULL && argv[at][0] == '-' && argv[at][1] == '-') {
		const char *word = argv[at++] + 2;
		if (*word == '\0')
			break;
		if (strcmp(word, "list") == 0)
			options->lists = true;
		else if (!option_read(argv, &at, word, "library-path", &options->library_path, &is_bad)
			 && !option_read(argv, &at, word, "preload", &options->preload, &is_bad)
			 && !option_read(argv, &at, word, "argv0", &options->argv0, &is_bad))
			is_bad = true;
	}
	options->program_index = at;
	return !is_bad && argv[at] != NULL;
}

static bool is_separator(char c)
{
	return c == ':' || c == ' ' || (c >= '\t' && c <= '\r');
}

void rl_musl_preload_each(const struct rl_musl_options *options, void (*visit)(void *argument, const char *name),
			  void *argument)
{
	enum { PATH_SIZE = 4096 };
	char name[PATH_SIZE];
	for (const char *list = options->preload; list != NULL && *list != '\0';) {
		size_t length = 0;
		while (list[length] != '\0' && !is_separator(list[length]))
			length++;
		if (length != 0 && length < sizeof name) {
			memcpy(name, list, length);
			name[length] = '\0';
			visit(argument, name);
		}
		list += length + (list[length] != '\0');
	}
}
