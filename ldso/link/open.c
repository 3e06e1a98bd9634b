/* Opening: everything that can fail happens before anything is visible to others; one function undoes. */
#include "open.h"

#include <errno.h>

#include "calls.h"
#include "graph.h"
#include "list.h"
#include "load.h"
#include "namespace.h"
#include "relocate.h"
#include "search.h"
#include "section.h"
#include "unique.h"

/* An open in progress. */
struct transaction {
	struct rl_linker *linker;
	struct rl_namespace *namespace;
	const struct rl_open_request *request;
	struct rl_diag *diag;
	struct rl_object *last_before; /* end of the object list when it began */
	struct rl_object *root;
	bool root_is_new;
	struct rl_unique_choice *tentative_before;
	uintptr_t opener_before; /* an open inside another one's IFUNC resolver */
	bool is_committed; /* constructors may have run: there is no way back */
};

static struct rl_object *first_new(const struct transaction *t)
{
	return t->last_before == NULL ? t->namespace->first : t->last_before->next;
}

/* Back to the state before: new objects go, in reverse order of arrival. */
static void undo(struct transaction *t)
{
	struct rl_linker *linker = t->linker;
	bool had_tls = false;
	if (t->root == NULL && first_new(t) == NULL)
		return; /* nothing was loaded */
	rl_unique_settle(linker, t->tentative_before, false);
	for (struct rl_object *object = first_new(t); object != NULL; object = object->next) {
		had_tls = had_tls || object->tls.module != 0;
		rl_unique_forget(t->namespace, object);
		rl_emit(linker, (struct rl_event){.kind = RL_EVENT_UNMAPPED, .object = object});
	}
	for (struct rl_object *object = t->namespace->first; t->root != NULL && object != first_new(t);
	     object = object->next)
		rl_search_list_remove(object, &t->root->own_scope);
	if (t->root != NULL && !t->root_is_new) {
		rl_scope_retire(&linker->readers, atomic_exchange(&t->root->own_scope.current, NULL));
		rl_list_drop(&t->root->closure);
		rl_list_drop(&t->root->sorted);
	}
	if (t->last_before == NULL && t->namespace != &linker->base)
		rl_namespace_empty_global(t->namespace);
	while (t->namespace->last != t->last_before) {
		struct rl_object *object = t->namespace->last;
		rl_object_abandon(linker, object);
		object->work_next = linker->limbo;
		linker->limbo = object;
	}
	/* A resolver of theirs may have touched their variables: the next user of an id is not to find that block. */
	if (had_tls)
		rl_tls_publish(linker);
	rl_limbo_empty(linker);
	rl_change_end(linker, NULL);
}

static enum rl_status scopes_make(struct transaction *t)
{
	RL_TRY(rl_own_scope_make(t->root));
	/* What a namespace of dlmopen begins with is its global scope. */
	if (t->last_before == NULL && t->namespace != &t->linker->base && t->namespace->lender == NULL)
		RL_TRY(rl_globalize(t->root));
	if (t->root_is_new && t->request->scope != NULL && t->request->scope->count != 0) {
		struct rl_scope *given = rl_scope_make(t->request->scope);
		if (given == NULL)
			return RL_NO_MEMORY;
		atomic_store(&t->root->given_scope.current, given);
	}
	for (struct rl_object *object = first_new(t); object != NULL; object = object->next)
		RL_TRY(rl_search_list_make(object, t->root, t->request->binds_deeply));
	return RL_OK;
}

/* A library by its dynamic section, a relocatable file by its draft. */
static enum rl_status object_relocate(struct transaction *t, struct rl_object *object, bool is_lazy)
{
	if (object->draft == NULL)
		return rl_relocate(t->linker, object, is_lazy, t->diag);
	RL_TRY(t->linker->object_files->relocate(t->linker, object, t->diag));
	object->is_relocated = true;
	t->linker->object_files->drop(object);
	rl_emit(t->linker, (struct rl_event){.kind = RL_EVENT_RELOCATED, .object = object});
	return RL_OK;
}

static enum rl_status relocate_one(struct transaction *t, struct rl_object *object)
{
	bool is_lazy = t->request->is_lazy && !t->linker->binds_now;
	return object_relocate(t, object, object->plan == RL_PLAN_NONE ? is_lazy : object->plan == RL_PLAN_LAZY);
}

/* Who relocates in the order of loading tells what FAILED lacks only if nothing before it lacks anything. */
static void first_failure_tell(struct transaction *t, const struct rl_object *failed)
{
	bool runs_nothing = t->linker->runs_nothing;
	struct rl_diag told = *t->diag;
	*t->diag = RL_DIAG_NONE;
	t->linker->runs_nothing = true;
	enum rl_status status = RL_OK;
	for (struct rl_object *object = first_new(t); status == RL_OK && object != failed; object = object->next)
		if (!object->is_relocated)
			status = relocate_one(t, object);
	t->linker->runs_nothing = runs_nothing;
	if (status == RL_OK)
		*t->diag = told;
	else
		rl_diag_drop(&told);
}

static enum rl_status relocate_new(struct transaction *t)
{
	for (size_t i = t->root->sorted.count; i-- > 0;) {
		struct rl_object *object = t->root->sorted.items[i];
		enum rl_status status = object->is_relocated ? RL_OK : relocate_one(t, object);
		if (status == RL_OK)
			continue;
		if (t->linker->rules.binds_calls_first)
			first_failure_tell(t, object);
		return t->diag->status != RL_OK ? t->diag->status : status;
	}
	return RL_OK;
}

/* New objects that became part of static TLS get their image into every thread. */
static void tls_commit(struct transaction *t)
{
	for (struct rl_object *object = first_new(t); object != NULL; object = object->next) {
		if (object->tls.module == 0)
			continue;
		if (object->tls.has_offset)
			rl_tls_static_fill(t->linker, object);
		t->linker->abi.object_tls(t->linker->abi.context, object);
	}
}

/* Make the ids of new objects known before an IFUNC resolver can use them: blocks from before would be dropped. */
static void tls_announce(struct transaction *t)
{
	for (struct rl_object *object = first_new(t); object != NULL; object = object->next)
		if (object->tls.module != 0) {
			rl_tls_publish(t->linker);
			return;
		}
}

/* Objects that were there before search the new root's scope too from now on. */
static enum rl_status scopes_extend(struct transaction *t)
{
	for (size_t i = 0; i < t->root->closure.count; i++) {
		struct rl_object *object = t->root->closure.items[i];
		if (object->init_called && object->kind == RL_OBJECT_OPENED && !t->root->is_global)
			RL_TRY(rl_search_list_add(object, &t->root->own_scope));
	}
	return RL_OK;
}

/* Everything that can fail. */
static enum rl_status prepare(struct transaction *t)
{
	struct rl_linker *linker = t->linker;
	RL_TRY(rl_graph_close(linker, t->root, t->request->scope, RL_OBJECT_OPENED, t->diag));
	if (!linker->rules.ignores_versions)
		RL_TRY(rl_graph_check_versions(linker, &t->root->closure, t->diag));
	enum rl_status status = linker->sort != NULL ? linker->sort(t->root) : rl_graph_sort(t->root);
	if (status == RL_OK)
		status = scopes_make(t);
	if (status != RL_OK)
		return rl_fail(t->diag, status, .subject = t->root->path);
	size_t count = 0;
	for (struct rl_object *object = first_new(t); object != NULL; object = object->next)
		count += 1 + rl_object_placed(object);
	status = rl_address_reserve(&linker->addresses, count);
	if (status != RL_OK)
		return rl_fail(t->diag, status, .subject = t->root->path);
	if (count != 0)
		RL_TRY(linker->abi.stack_prepare(linker->abi.context, first_new(t), t->diag));
	tls_announce(t);
	return relocate_new(t);
}

static void commit(struct transaction *t)
{
	struct rl_linker *linker = t->linker;
	rl_address_add_list(&linker->addresses, first_new(t));
	tls_commit(t);
	if (linker->abi.objects_ready != NULL && first_new(t) != NULL)
		linker->abi.objects_ready(linker->abi.context, first_new(t));
}

static enum rl_status open_new(struct transaction *t)
{
	RL_TRY(prepare(t));
	enum rl_status status = scopes_extend(t);
	if (status != RL_OK)
		return rl_fail(t->diag, status, .subject = t->root->path);
	commit(t);
	rl_change_end(t->linker, first_new(t));
	return RL_OK;
}

static enum rl_status open_locked(struct transaction *t)
{
	const struct rl_open_request *request = t->request;
	if (t->namespace == NULL) {
		enum rl_status status = rl_namespace_start(t->linker, request->namespace_limit, &t->namespace);
		if (status != RL_OK)
			return rl_fail(t->diag, status, .subject = request->name, .error_number = EINVAL);
	}
	t->last_before = t->namespace->last;
	struct rl_request load = {.name = request->name,
				  .file = request->file,
				  .requester = request->caller,
				  .kind = RL_OBJECT_OPENED,
				  .for_dlopen = true,
				  .only_loaded = request->only_loaded,
				  .is_copy = request->is_copy};
	if (request->adoption != NULL) {
		RL_TRY(rl_adopt(t->linker, t->namespace, request->adoption, &t->root, t->diag));
		t->root->is_permanent = false;
	} else {
		RL_TRY(rl_load(t->linker, t->namespace, &load, &t->root, t->diag));
	}
	if (t->root == NULL)
		return RL_OK;
	t->root_is_new = t->root == first_new(t);
	bool is_known = t->root->closure.count != 0;
	if (t->root_is_new && request->needs_nothing)
		t->root->needs_known = true;
	/* Before bindings are made to it: pin.c. */
	if (request->is_permanent && t->root_is_new)
		t->root->is_permanent = true;
	if (!is_known)
		RL_TRY(open_new(t));
	t->is_committed = true;
	rl_unique_settle(t->linker, t->tentative_before, true);
	atomic_store(&t->linker->opener, t->opener_before);
	/* Constructors may open and close this object again: the handle counts from here. */
	t->root->open_count++;
	t->namespace->opens++;
	if (request->is_permanent)
		t->root->is_permanent = true;
	if (!is_known && !t->linker->rules.constructs_later && !request->defers_calls) {
		rl_gate_pause(&t->linker->gate);
		rl_calls_init(t->linker, t->root);
		rl_gate_resume(&t->linker->gate);
	}
	/* Only now: what constructors look up must not depend on whether they are global already. */
	if (request->is_global && !t->root->is_global)
		return rl_globalize(t->root);
	return RL_OK;
}

enum rl_status rl_open(struct rl_linker *linker, struct rl_namespace *namespace, const struct rl_open_request *request,
		       struct rl_object **out_object, struct rl_diag *diag)
{
	linker->abi.lock(linker->abi.context);
	rl_gate_enter(&linker->gate);
	struct transaction t = {.linker = linker,
				.namespace = namespace,
				.request = request,
				.diag = diag,
				.tentative_before = linker->tentative,
				.opener_before = atomic_exchange(&linker->opener, rl_port_thread_pointer())};
	enum rl_status status = open_locked(&t);
	if (status != RL_OK && !t.is_committed && t.namespace != NULL)
		undo(&t);
	else
		*out_object = t.root;
	atomic_store(&linker->opener, t.opener_before);
	if (linker->policy.settle != NULL)
		linker->policy.settle(linker->policy.context);
	if (linker->readers.retired_count != 0)
		rl_limbo_empty(linker);
	rl_gate_leave(&linker->gate);
	linker->abi.unlock(linker->abi.context);
	return status;
}

void rl_construct(struct rl_linker *linker, struct rl_object *root)
{
	linker->abi.lock(linker->abi.context);
	rl_gate_enter(&linker->gate);
	rl_gate_pause(&linker->gate);
	rl_calls_init(linker, root);
	rl_gate_resume(&linker->gate);
	rl_gate_leave(&linker->gate);
	linker->abi.unlock(linker->abi.context);
}
