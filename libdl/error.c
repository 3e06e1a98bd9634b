/* dlerror: the last failure of the calling thread, kept in its own words. */
#include "../ldso/base/heap.h"
#include "dl.h"

struct error_state {
	char *text; /* owned; NULL: nothing to report */
	bool was_read;
};

static struct rl_thread *own_words(void)
{
	return rl_thread_own(&rl_process.linker.tls);
}

static void text_drop(struct error_state *state)
{
	rl_heap_give(state->text);
	state->text = NULL;
	state->was_read = false;
}

void rl_dl_error_clear(void)
{
	struct rl_thread *own = own_words();
	struct error_state *state = own == NULL ? NULL : own->error;
	if (state != NULL && state->text != NULL)
		text_drop(state);
}

static struct error_state *error_make(void)
{
	struct error_state *state = rl_heap_take(sizeof *state);
	if (state != NULL && rl_process.personality.error_keep != NULL)
		rl_process.personality.error_keep(state);
	return state;
}

void rl_dl_error_put(char *text)
{
	struct rl_thread *own = own_words();
	if (own != NULL && own->error == NULL)
		own->error = error_make();
	struct error_state *state = own == NULL ? NULL : own->error;
	if (state == NULL) {
		rl_heap_give(text);
		return;
	}
	text_drop(state);
	state->text = text;
}

void rl_dl_error_set(struct rl_diag *diag)
{
	rl_dl_error_put(rl_process.personality.error_text(diag));
	rl_diag_drop(diag);
}

void rl_dl_error_drop(struct rl_thread *own)
{
	struct error_state *state = own->error;
	own->error = NULL;
	if (state != NULL)
		rl_heap_give(state->text);
	rl_heap_give(state);
}

/* The text stays valid until the next call of this thread that fails or asks. */
char *rl_dl_error(void)
{
	struct rl_thread *own = own_words();
	struct error_state *state = own == NULL ? NULL : own->error;
	if (state == NULL || state->text == NULL)
		return NULL;
	if (state->was_read) {
		text_drop(state);
		return NULL;
	}
	state->was_read = true;
	return state->text;
}
