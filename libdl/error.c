/* dlerror: the last failure of the calling thread, kept in its own words.  The sentence is made when it is asked for:
 * programs that try one symbol after another never do. */
#include <string.h>

#include "../ldso/base/heap.h"
#include "dl.h"

struct error_state {
	struct error_state *next; /* the thread's states for other namespaces; the present one is the first */
	long namespace_id;
	struct rl_diag diag; /* a failure that was not asked about yet; status RL_OK: none */
	char *text;          /* owned; the sentence */
	bool is_new;         /* text was not returned yet */
	int error_number;    /* of a text that is new: what errno is when it is returned; 0: what it was */
	char names[200];     /* what a symbol that was not found leaves for the sentence, without the heap */
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
	state->is_new = false;
}

/* The state of the calling thread, NULL if it has none yet (a process that is a guest may have no room for one). */
static struct error_state *state_find(void)
{
	struct rl_thread *own = own_words();
	return own == NULL ? NULL : own->error;
}

/* The same, made if need be, with nothing in it. */
static struct error_state *state_fresh(void)
{
	struct rl_thread *own = own_words();
	if (own == NULL)
		return NULL;
	atomic_store_explicit(&rl_process.has_failed, true, memory_order_relaxed);
	struct error_state *state = own->error;
	if (state != NULL) {
		state_drop(state);
		return state;
	}
	state = rl_heap_take(sizeof *state);
	if (state == NULL)
		return NULL;
	state->diag = RL_DIAG_NONE;
	own->error = state;
	if (rl_process.personality.error_keep != NULL)
		rl_process.personality.error_keep(state);
	return state;
}

void rl_dl_error_clear(void)
{
	if (!atomic_load_explicit(&rl_process.has_failed, memory_order_relaxed) || rl_process.personality.keeps_errors)
		return;
	struct error_state *state = state_find();
	if (state != NULL && (state->text != NULL || state->diag.status != RL_OK))
		state_drop(state);
}

void rl_dl_error_put(char *text, int error_number)
{
	struct error_state *state = state_fresh();
	if (state == NULL) {
		rl_heap_give(text);
		return;
	}
	state->text = text;
	state->is_new = text != NULL;
	state->error_number = error_number;
}

void rl_dl_error_set(struct rl_diag *diag)
{
	struct error_state *state = state_fresh();
	if (state == NULL) {
		rl_diag_drop(diag);
		return;
	}
	state->diag = *diag;
	*diag = RL_DIAG_NONE;
}

/* Calling memcpy would cost more than most names. */
static const char *name_copy(char **end, const char *name, size_t size)
{
	char *copy = *end;
	*end = copy + size;
	if (size < sizeof(uint64_t)) {
		for (size_t i = 0; i < size; i++)
			copy[i] = name[i];
		return copy;
	}
	size_t last = size - sizeof(uint64_t);
	for (size_t i = 0; i < last; i += sizeof(uint64_t))
		__builtin_memcpy(copy + i, name + i, sizeof(uint64_t));
	__builtin_memcpy(copy + last, name + last, sizeof(uint64_t));
	return copy;
}

void rl_dl_error_symbol(const char *path, const struct rl_name *name, const struct rl_version *version)
{
	struct error_state *state = state_fresh();
	if (state == NULL)
		return;
	const char *version_name = version == NULL ? "" : version->name;
	size_t path_size = strlen(path) + 1, version_size = version == NULL ? 1 : strlen(version_name) + 1;
	if (path_size + name->size + version_size > sizeof state->names) {
		(void)!rl_fail(&state->diag, RL_SYMBOL_UNDEFINED, .subject = path, .symbol = name->string,
			       .version = version == NULL ? NULL : version_name, .value = RL_DL_ASKED);
		return;
	}
	char *end = state->names;
	state->diag.status = RL_SYMBOL_UNDEFINED;
	state->diag.value = RL_DL_ASKED;
	state->diag.subject = name_copy(&end, path, path_size);
	state->diag.symbol = name_copy(&end, name->string, name->size);
	state->diag.version = name_copy(&end, version_name, version_size);
	state->diag.has_version = version != NULL;
}

void rl_dl_error_drop(struct rl_thread *own)
{
	for (struct error_state *state = own->error; state != NULL;) {
		struct error_state *next = state->next;
		state_drop(state);
		rl_heap_give(state);
		state = next;
	}
	own->error = NULL;
}

/* In the original, each namespace's libc keeps its own.  Without memory the states are mixed up. */
void rl_dl_error_select(long namespace_id)
{
	struct rl_thread *own = own_words();
	struct error_state *first = own->error, *previous = NULL, *state = first;
	while (state != NULL && state->namespace_id != namespace_id) {
		previous = state;
		state = state->next;
	}
	if (state == first && (state != NULL || namespace_id == 0))
		return;
	if (state == NULL) {
		state = rl_heap_take(sizeof *state);
		if (state == NULL)
			return;
		state->namespace_id = namespace_id;
	} else {
		previous->next = state->next;
	}
	state->next = first;
	own->error = state;
}

static char *text_return(const struct error_state *state, int error_number)
{
	if (error_number != 0 && rl_process.personality.errno_set != NULL)
		rl_process.personality.errno_set(error_number);
	return state->text;
}

/* The text stays valid until the next call of this thread that fails or asks. */
char *rl_dl_error(void)
{
	struct error_state *state = state_find();
	if (state == NULL)
		return NULL;
	if (state->diag.status != RL_OK) {
		rl_heap_give(state->text);
		state->text = rl_process.personality.error_text(&state->diag);
		int error_number = state->diag.error_number;
		rl_diag_drop(&state->diag);
		return text_return(state, error_number);
	}
	if (!state->is_new) {
		state_drop(state);
		return NULL;
	}
	state->is_new = false;
	return text_return(state, state->error_number);
}
