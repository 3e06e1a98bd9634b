/* Reporting what stops or disturbs a start.  Products print and exit; the engine never does. */
#include "base/sys.h"
#include "ldso.h"

enum {
	EXIT_LINKER = 127,
};

void rl_report_fatal(const struct rl_diag *diag)
{
	rl_glibc_print_fatal(&rl_glibc, diag);
	rl_sys_exit(EXIT_LINKER);
}

void rl_report_warning(struct rl_linker *linker, const struct rl_diag *diag)
{
	(void)linker;
	rl_glibc_print_warning(&rl_glibc, diag);
}

_Noreturn void rl_report_lazy_failure(struct rl_linker *linker, const struct rl_diag *diag)
{
	(void)linker;
	rl_report_fatal(diag);
}
