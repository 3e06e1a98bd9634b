/* dlsym and dlvsym. */
#include "../ldso/link/lookup.h"
#include "../ldso/link/relocate.h"
#include "../ldso/link/unique.h"
#include "dl.h"

/* What a dlsym call asks. */
struct query {
	void *handle;
	const char *name;
	const struct rl_version *version;
	const void *caller; /* an address in the code that asks; NULL: nobody's */
};

/* The object whose code asks, or NULL. */
static struct rl_object *caller_of(const struct query *query)
{
	return query->caller == NULL ? NULL : rl_dl_object_at(query->caller);
}

/* The object whose dlopen, or the start of the program, brought OBJECT in. */
static struct rl_object *root_of(struct rl_object *object)
{
	while (object->loader != NULL)
		object = object->loader;
	return object;
}

/* What OBJECT's handle stands for.  The program's is the global scope, with what was opened into it later. */
static const struct rl_scope *scope_of(const struct rl_object *object)
{
	const struct rl_scope_cell *cell =
		object == rl_process.linker.program ? &object->namespace->global : &object->own_scope;
	return atomic_load_explicit(&cell->current, memory_order_acquire);
}

/* Run the lookup that QUERY means.  *out_asked is the object an error message names. */
static enum rl_status query_run(const struct query *query, struct rl_binding *out_binding,
				struct rl_object **out_asked, struct rl_diag *diag)
{
	struct rl_linker *linker = &rl_process.linker;
	struct rl_lookup lookup = {
		.name = rl_name_make(query->name),
		.want = {.version = query->version, .newest = query->version == NULL},
	};
	struct rl_object *caller = NULL;
	const struct rl_scope *scope;
	*out_binding = (struct rl_binding){0};
	bool is_found;
	if (query->handle == RL_DL_DEFAULT || query->handle == RL_DL_NEXT) {
		caller = caller_of(query);
		*out_asked = caller != NULL ? caller : linker->program;
	}
	if (query->handle == RL_DL_DEFAULT) {
		is_found = rl_lookup_list(linker, atomic_load(&(*out_asked)->search), &lookup, out_binding);
	} else if (query->handle == RL_DL_NEXT) {
		if (caller == NULL)
			return rl_fail(diag, RL_REQUEST_CALLER);
		lookup.skip = lookup.after = caller;
		scope = scope_of(root_of(caller));
		is_found = scope != NULL && rl_lookup_scope(linker, scope, &lookup, out_binding);
	} else {
		*out_asked = rl_process.personality.object_of(query->handle);
		scope = scope_of(*out_asked);
		is_found = scope != NULL && rl_lookup_scope(linker, scope, &lookup, out_binding);
	}
	if (is_found || out_binding->object != NULL) {
		if (ELF64_ST_BIND(out_binding->symbol->st_info) == STB_GNU_UNIQUE)
			return rl_unique_choose((*out_asked)->namespace, &lookup.name, out_binding);
		return RL_OK;
	}
	return rl_fail(diag, RL_SYMBOL_UNDEFINED, .subject = (*out_asked)->path, .symbol = query->name,
		       .version = query->version == NULL ? "" : query->version->name, .value = RL_DL_ASKED);
}

/* The address a program can use. */
static void *binding_value(const struct rl_binding *binding)
{
	if (ELF64_ST_TYPE(binding->symbol->st_info) == STT_TLS) {
		struct rl_tls_index index = {binding->object->tls.module, binding->symbol->st_value};
		return rl_thread_variable(&rl_process.linker.tls, &index);
	}
	uintptr_t address = rl_binding_address(binding);
	return (void *)(rl_binding_is_ifunc(binding) ? rl_port_ifunc_call(address) : address);
}

static void *symbol_get(const struct query *query, struct rl_diag *diag, enum rl_status *out_status)
{
	struct rl_linker *linker = &rl_process.linker;
	struct rl_binding binding;
	struct rl_object *asked = NULL, *caller;
	/* The handle of a library keeps all that it can find: no read section is needed. */
	bool is_kept = query->handle != RL_DL_DEFAULT && query->handle != RL_DL_NEXT
		       && rl_process.personality.object_of(query->handle) != linker->program;
	unsigned side = is_kept ? 0 : rl_readers_enter(&linker->readers);
	enum rl_status status = query_run(query, &binding, &asked, diag);
	/* Who finds something through a handle has to keep the handle. */
	if (status == RL_OK && query->handle == RL_DL_DEFAULT && binding.object != asked
	    && (caller = caller_of(query)) != NULL)
		status = rl_pin_add(caller, binding.object);
	if (!is_kept)
		rl_readers_leave(&linker->readers, side);
	*out_status = status;
	return status == RL_OK ? binding_value(&binding) : NULL;
}

static void *symbol_report(const struct query *query)
{
	struct rl_diag diag = RL_DIAG_NONE;
	enum rl_status status;
	rl_dl_error_clear();
	void *value = symbol_get(query, &diag, &status);
	if (status != RL_OK)
		rl_dl_error_set(&diag);
	return value;
}

void *rl_dl_symbol(void *handle, const char *name, const void *caller)
{
	struct query query = {handle, name, NULL, caller};
	return symbol_report(&query);
}

/* A version asked for by name must be that version, not a base one. */
static struct rl_version version_make(const char *version)
{
	return (struct rl_version){.name = version, .hash = rl_hash_sysv(version), .is_hidden = true};
}

void *rl_dl_symbol_version(void *handle, const char *name, const char *version, const void *caller)
{
	struct rl_version wanted = version_make(version);
	struct query query = {handle, name, &wanted, caller};
	return symbol_report(&query);
}

void *rl_dl_symbol_quietly(void *handle, const char *name, const char *version)
{
	struct rl_version wanted;
	struct query query = {handle, name, NULL, NULL};
	if (version != NULL) {
		wanted = version_make(version);
		query.version = &wanted;
	}
	struct rl_diag diag = RL_DIAG_NONE;
	enum rl_status status;
	void *value = symbol_get(&query, &diag, &status);
	rl_diag_drop(&diag);
	return value;
}
