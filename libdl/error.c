/* dlerror: the last failure of the calling thread, kept in its own words.  The sentence is made when it is asked for:
 * programs that try one symbol after another never do. */
#include "../ldso/base/heap.h"
#include "dl.h"

struct error_state {
	struct rl_diag diag; /* status RL_OK: nothing to report, or text says it */
	char *text;          /* owned; what dlerror returned */
};

static struct rl_thread *own_words(void)
{
	return rl_thread_own(&rl_process.linker.tls);
}

static void state_drop(struct error_state *state)
{
	rl_diag_drop(&state->diag);
	rl_heap_give(state->text);
	state->text = NULL;
}

void rl_dl_error_clear(void)
{
	struct error_state *state = own_words()->error;
	if (state != NULL && (state->text != NULL || state->diag.status != RL_OK))
		state_drop(state);
}

static struct error_state *error_make(void)
{
	struct error_state *state = rl_heap_take(sizeof *state);
	if (state != NULL && rl_process.personality.error_keep != NULL)
		rl_process.personality.error_keep(state);
	return state;
}

void rl_dl_error_set(struct rl_diag *diag)
{
	struct rl_thread *own = own_words();
	if (own->error == NULL)
		own->error = error_make();
	struct error_state *state = own->error;
	if (state == NULL) {
		rl_diag_drop(diag);
		return;
	}
	state_drop(state);
	state->diag = *diag;
	*diag = RL_DIAG_NONE;
}

void rl_dl_error_drop(struct rl_thread *own)
{
	struct error_state *state = own->error;
	own->error = NULL;
	if (state != NULL)
		state_drop(state);
	rl_heap_give(state);
}

/* The text stays valid until the next call of this thread that fails or asks. */
char *rl_dl_error(void)
{
	struct error_state *state = own_words()->error;
	if (state == NULL)
		return NULL;
	if (state->diag.status == RL_OK) {
		state_drop(state);
		return NULL;
	}
	state->text = rl_process.personality.error_text(&state->diag);
	rl_diag_drop(&state->diag);
	return state->text;
}
