/* `ld-relink.so [OPTIONS] PROGRAM [ARGUMENTS]`: what the command line says, and turning the process' argument block into
 * the one the program expects. */
#include "base/sys.h"
#include "base/text.h"
#include "exports.h"
#include "ldso.h"
#include "trace.h"

enum { EXIT_USAGE = 1 };

static _Noreturn void usage_fail(const struct rl_kernel *kernel, const char *word)
{
	const char *self = kernel->argc > 0 ? kernel->argv[0] : "ld.so";
	if (word == NULL)
		rl_text_print(2, "%s: missing program name\nTry '%s --help' for more information.\n", self, self);
	else
		rl_text_print(2, "%s: unrecognized option '%s'\nTry '%s --help' for more information.\n", self, word,
			      self);
	rl_sys_exit(EXIT_USAGE);
}

void rl_command_read(struct rl_ldso_config *config)
{
	struct rl_kernel *kernel = &config->kernel;
	const char *bad = NULL;
	if (!rl_options_read_command(kernel->argc, kernel->argv, &config->options, &bad))
		usage_fail(kernel, bad);
	config->self_name = kernel->argv[0];
	rl_trace_tell(&config->options, config->self_name);
	config->program_path = kernel->argv[config->options.program_index];
	rl_kernel_shift(kernel, config->options.program_index);
	if (config->options.argv0 != NULL)
		kernel->argv[0] = (char *)config->options.argv0;
}
