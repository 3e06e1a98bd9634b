/* Reading the command line of `ld-relink.so [OPTIONS] PROGRAM [ARGUMENTS]`.  An option's value is always the next
 * word; as in the original there is no form with '='.  Runs once, after the environment was read: options win.
 */
#include "options.h"

#include <stddef.h>
#include <string.h>

enum option_kind {
	LIST,
	VERIFY,
	INHIBIT_CACHE,
	LIST_TUNABLES,
	LIST_DIAGNOSTICS,
	HELP,
	VERSION,
	FIRST_WITH_VALUE,
	LIBRARY_PATH = FIRST_WITH_VALUE,
	INHIBIT_RPATH,
	AUDIT,
	PRELOAD,
	ARGV0,
	HWCAPS_PREPEND,
	HWCAPS_MASK,
	OPTION_COUNT,
};

/* Names without the two dashes.  Arrays of characters, so that the table needs no relocation. */
static const char option_names[OPTION_COUNT][24] = {
	[LIST] = "list",
	[VERIFY] = "verify",
	[INHIBIT_CACHE] = "inhibit-cache",
	[LIST_TUNABLES] = "list-tunables",
	[LIST_DIAGNOSTICS] = "list-diagnostics",
	[HELP] = "help",
	[VERSION] = "version",
	[LIBRARY_PATH] = "library-path",
	[INHIBIT_RPATH] = "inhibit-rpath",
	[AUDIT] = "audit",
	[PRELOAD] = "preload",
	[ARGV0] = "argv0",
	[HWCAPS_PREPEND] = "glibc-hwcaps-prepend",
	[HWCAPS_MASK] = "glibc-hwcaps-mask",
};

static enum option_kind option_find(const char *name)
{
	unsigned kind = 0;
	while (kind < OPTION_COUNT && strcmp(name, option_names[kind]) != 0)
		kind++;
	return kind;
}

/* VALUE is NULL for the options that have none. */
static void option_apply(struct rl_options *options, enum option_kind kind, const char *value)
{
	switch (kind) {
	case LIST:
	case VERIFY:
		if (options->mode != RL_MODE_HELP)
			options->mode = kind == LIST ? RL_MODE_LIST : RL_MODE_VERIFY;
		break;
	case INHIBIT_CACHE:
		options->inhibits_cache = true;
		break;
	case LIST_TUNABLES:
		options->mode = RL_MODE_LIST_TUNABLES;
		break;
	case LIST_DIAGNOSTICS:
		options->mode = RL_MODE_LIST_DIAGNOSTICS;
		break;
	case HELP:
		options->mode = RL_MODE_HELP;
		break;
	case VERSION:
		options->mode = RL_MODE_VERSION;
		break;
	case LIBRARY_PATH:
		options->library_path = value;
		options->library_path_source = "--library-path";
		break;
	case INHIBIT_RPATH:
		options->inhibit_rpath = value;
		break;
	case AUDIT:
		rl_options_add_audit(options, value);
		break;
	case PRELOAD:
		options->preload_command = value;
		break;
	case ARGV0:
		options->argv0 = value;
		break;
	case HWCAPS_PREPEND:
		options->hwcaps_prepend = value;
		break;
	case HWCAPS_MASK:
		options->hwcaps_mask = value;
		break;
	case OPTION_COUNT:
		break;
	}
}

bool rl_options_read_command(int argc, char **argv, struct rl_options *options, const char **out_bad)
{
	int index = 1;
	while (index < argc && argv[index][0] == '-' && argv[index][1] == '-') {
		enum option_kind kind = option_find(argv[index] + 2);
		bool has_value = kind >= FIRST_WITH_VALUE;
		if (kind == OPTION_COUNT || (has_value && index + 1 >= argc)) {
			*out_bad = argv[index];
			return false;
		}
		option_apply(options, kind, has_value ? argv[index + 1] : NULL);
		if (kind == VERSION)
			return true;
		index += has_value ? 2 : 1;
	}
	if (index < argc) {
		options->program_index = index;
		return true;
	}
	*out_bad = NULL;
	return options->mode == RL_MODE_HELP || options->mode == RL_MODE_LIST_TUNABLES
	       || options->mode == RL_MODE_LIST_DIAGNOSTICS;
}
