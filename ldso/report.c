/* Reporting what stops or disturbs a start.  Products print and exit; the engine never does. */
#include "base/sys.h"
#include "ldso.h"

enum {
	EXIT_LINKER = 127,
};

struct rl_words rl_ldso_words(void)
{
	return (struct rl_words){.program_name = rl_glibc.program_name,
				 .strerror = rl_glibc.functions.strerror,
				 .dcgettext = rl_glibc.functions.dcgettext};
}

void rl_report_fatal(const struct rl_diag *diag)
{
	struct rl_words words = rl_ldso_words();
	rl_words_print_fatal(&words, diag);
	rl_sys_exit(EXIT_LINKER);
}

void rl_report_warning(struct rl_linker *linker, const struct rl_diag *diag)
{
	(void)linker;
	struct rl_words words = rl_ldso_words();
	rl_words_print_warning(&words, diag);
}

_Noreturn void rl_report_lazy_failure(struct rl_linker *linker, const struct rl_diag *diag)
{
	(void)linker;
	rl_report_fatal(diag);
}
