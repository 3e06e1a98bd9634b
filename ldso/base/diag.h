/* What went wrong, in parts, for the personality to word.  Passed down by pointer; the first failure wins.
 * The strings are copied, so they outlive the objects that a rollback removes. */
#ifndef RL_BASE_DIAG_H
#define RL_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

struct rl_diag {
	enum rl_status status;
	int error_number;      /* positive errno, or 0 */
	unsigned value;        /* relocation type, record version: as the status says */
	size_t wanted, possible; /* what was asked for and what there is, where the status is about numbers */
	const char *subject;   /* file or object the failure is about, "" if none */
	const char *requester; /* object that asked, "" if none */
	const char *symbol;    /* symbol or version name, "" if none */
	const char *version;   /* version of the symbol, "" if none */
	bool has_version;      /* a version was asked for: also one whose name is empty */
	char *storage;         /* the block that holds the four strings; owned, NULL before a failure */
};

struct rl_diag_parts {
	const char *subject, *requester, *symbol, *version;
	int error_number;
	unsigned value;
	size_t wanted, possible;
};

#define RL_DIAG_NONE ((struct rl_diag){.subject = "", .requester = "", .symbol = "", .version = ""})

/* Record a failure unless one is recorded already, and return STATUS, so that `return rl_fail(…)` reads well.
 * NULL strings become "".  Cold: what leads to a failure is compiled apart from what a start runs. */
enum rl_status rl_diag_fail(struct rl_diag *diag, enum rl_status status, struct rl_diag_parts parts)
	__attribute__((cold));

#define rl_fail(diag, status, ...) rl_diag_fail((diag), (status), (struct rl_diag_parts){__VA_ARGS__})

/* Release the strings and make it as new. */
void rl_diag_drop(struct rl_diag *diag);

#endif
