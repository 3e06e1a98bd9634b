/* Recording failures.  May run at any time after the heap is usable. */
#include "diag.h"

#include <string.h>

#include "heap.h"

static const char *diag_copy(char **cursor, const char *string)
{
	/* Mostly empty or short: a loop beats a call. */
	char *start = *cursor, *end = start;
	while ((*end++ = *string++) != '\0')
		;
	*cursor = end;
	return start;
}

enum rl_status rl_diag_fail(struct rl_diag *diag, enum rl_status status, struct rl_diag_parts parts)
{
	if (diag == NULL || diag->status != RL_OK)
		return status;
	const char **strings[] = {&parts.subject, &parts.requester, &parts.symbol, &parts.version};
	size_t size = 0;
	diag->has_version = parts.version != NULL;
	for (int i = 0; i < 4; i++) {
		if (*strings[i] == NULL)
			*strings[i] = "";
		size += strlen(*strings[i]) + 1;
	}
	diag->status = status;
	diag->error_number = parts.error_number;
	diag->value = parts.value;
	diag->wanted = parts.wanted;
	diag->possible = parts.possible;
	diag->storage = rl_heap_take(size);
	if (diag->storage == NULL)
		return status; /* the strings stay "": better a short message than none */
	char *cursor = diag->storage;
	diag->subject = diag_copy(&cursor, parts.subject);
	diag->requester = diag_copy(&cursor, parts.requester);
	diag->symbol = diag_copy(&cursor, parts.symbol);
	diag->version = diag_copy(&cursor, parts.version);
	return status;
}

void rl_diag_drop(struct rl_diag *diag)
{
	rl_heap_give(diag->storage);
	*diag = RL_DIAG_NONE;
}
