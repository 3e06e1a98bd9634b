/* dlsym and dlvsym. */
#include "../ldso/elf/find.h"
#include "../ldso/link/lookup.h"
#include "../ldso/link/relocate.h"
#include "../ldso/link/unique.h"
#include "dl.h"

/* What a dlsym call asks. */
struct query {
	void *handle;
	const void *caller;      /* an address in the code that asks; NULL: nobody's */
	struct rl_object *asked; /* the handle's object, or who asks: what an error message names */
	struct rl_lookup lookup;
};

/* NULL: the handle is not an object's. */
static inline struct rl_object *asked_of(void *handle)
{
	return handle == RL_DL_DEFAULT || handle == RL_DL_NEXT ? NULL : rl_process.personality.object_of(handle);
}

static inline void query_fill(struct query *query, struct rl_object *asked, void *handle, const struct rl_name *name,
			      const struct rl_version *version, const void *caller)
{
	query->asked = asked;
	query->handle = handle;
	query->caller = caller;
	query->lookup.name = *name;
	query->lookup.want.version = version;
	query->lookup.want.newest = version == NULL;
	query->lookup.want.skip_undefined_functions = false;
	query->lookup.skip = NULL;
	query->lookup.after = NULL;
}

/* The object whose code asks, or NULL. */
static struct rl_object *caller_of(const struct query *query)
{
	return query->caller == NULL ? NULL : rl_dl_object_at(query->caller);
}

/* What OBJECT's handle stands for.  The program's is the global scope, with what was opened into it later. */
static const struct rl_scope *scope_of(const struct rl_object *object)
{
	const struct rl_scope_cell *cell =
		object == rl_process.linker.program ? &object->namespace->global : &object->own_scope;
	return atomic_load_explicit(&cell->current, memory_order_acquire);
}

static bool scope_search(const struct rl_scope *scope, struct rl_lookup *lookup, struct rl_binding *out_binding)
{
	return scope != NULL && rl_lookup_scope(&rl_process.linker, scope, lookup, out_binding);
}

/* Run the lookup that QUERY means. */
static enum rl_status query_run(struct query *query, struct rl_binding *out_binding)
{
	struct rl_lookup *lookup = &query->lookup;
	*out_binding = (struct rl_binding){0};
	if (query->handle == RL_DL_DEFAULT && rl_process.linker.rules.default_is_global) {
		const struct rl_namespace *base = &rl_process.linker.base;
		const struct rl_scope *front = base->front == NULL ? NULL : atomic_load(&base->front->current);
		if (!scope_search(front, lookup, out_binding))
			scope_search(atomic_load(&base->global.current), lookup, out_binding);
	} else if (query->handle == RL_DL_DEFAULT) {
		rl_lookup_list(&rl_process.linker, atomic_load(&query->asked->search), lookup, out_binding);
	} else if (query->handle == RL_DL_NEXT) {
		struct rl_object *caller = caller_of(query);
		if (caller == NULL)
			return RL_REQUEST_CALLER;
		lookup->skip = lookup->after = caller;
		scope_search(scope_of(rl_object_root(caller)), lookup, out_binding);
	} else {
		scope_search(scope_of(query->asked), lookup, out_binding);
	}
	if (out_binding->object == NULL)
		return RL_SYMBOL_UNDEFINED;
	if (ELF64_ST_BIND(out_binding->symbol->st_info) == STB_GNU_UNIQUE)
		return rl_unique_choose(query->asked->namespace, &lookup->name, out_binding);
	return RL_OK;
}

/* The address a program can use. */
static inline void *binding_value(const struct rl_binding *binding)
{
	if (ELF64_ST_TYPE(binding->symbol->st_info) == STT_TLS) {
		struct rl_tls_index index = {binding->object->tls.module,
					     binding->symbol->st_value - RL_TLS_DTV_BIAS};
		return rl_thread_variable(&rl_process.linker.tls, &index);
	}
	uintptr_t address = rl_binding_address(binding);
	return (void *)(rl_binding_is_ifunc(binding) ? rl_port_ifunc_call(address) : address);
}

/* The same for code without a read section, which keeps what is found loaded for whoever asked. */
static enum rl_status query_run_safely(struct query *query, struct rl_binding *out_binding)
{
	struct rl_linker *linker = &rl_process.linker;
	/* The handle of a library keeps all that it can find: no read section is needed. */
	bool is_kept = query->asked != NULL && query->asked != linker->program;
	unsigned side = is_kept ? 0 : rl_readers_enter(&linker->readers);
	if (query->asked == NULL) {
		struct rl_object *caller = caller_of(query);
		query->asked = caller != NULL ? caller : linker->program;
	}
	enum rl_status status = query_run(query, out_binding);
	/* Who finds something through a handle has to keep the handle. */
	if (status == RL_OK && query->handle == RL_DL_DEFAULT && out_binding->object != query->asked) {
		struct rl_object *caller = caller_of(query);
		if (caller != NULL)
			status = rl_pin_add(caller, out_binding->object);
	}
	if (!is_kept)
		rl_readers_leave(&linker->readers, side);
	return status;
}

static __attribute__((noinline)) void failure_report(const struct query *query, enum rl_status status)
{
	if (status == RL_SYMBOL_UNDEFINED) {
		rl_dl_error_symbol(query->asked->path, &query->lookup.name, query->lookup.want.version);
		return;
	}
	struct rl_diag diag = RL_DIAG_NONE;
	(void)!rl_fail(&diag, status);
	rl_dl_error_set(&diag);
}

static __attribute__((noinline)) void *symbol_get(struct rl_object *asked, void *handle, const struct rl_name *name,
						  const struct rl_version *version, const void *caller)
{
	struct query query;
	struct rl_binding binding;
	query_fill(&query, asked, handle, name, version, caller);
	enum rl_status status = query_run_safely(&query, &binding);
	if (status != RL_OK) {
		failure_report(&query, status);
		return NULL;
	}
	rl_dl_error_clear();
	return binding_value(&binding);
}

/* Whether a definition found first is what the lookup gives, and its value the address that programs get. */
static inline bool is_plain(const Elf64_Sym *symbol)
{
	unsigned bind = ELF64_ST_BIND(symbol->st_info);
	return ELF64_ST_TYPE(symbol->st_info) <= STT_FUNC && symbol->st_shndx != SHN_ABS
	       && (bind == STB_GLOBAL || (bind == STB_WEAK && !rl_process.linker.prefers_strong));
}

/* What the first object in the scope of ASKED's handle answers without further thought, which is what programs ask
 * most: for the library's own functions.  The handle keeps the library.  NULL: not known. */
static inline __attribute__((always_inline)) void *first_symbol(const struct rl_object *asked,
								 const struct rl_name *name)
{
	static const struct rl_want newest = {.newest = true};
	const struct rl_scope *scope = scope_of(asked);
	if (scope == NULL || scope->count == 0)
		return NULL;
	const struct rl_scope_entry *first = &scope->entries[0];
	if (!rl_bloom_may_have(first->bloom, first->bloom_mask, first->bloom_shift, name->gnu_hash))
		return NULL;
	const struct rl_object *object = first->object;
	if (object->symbols.is_sysv_hash || atomic_load_explicit(&object->is_removed, memory_order_acquire))
		return NULL;
	const Elf64_Sym *symbol = rl_find_gnu(&object->symbols, name, &newest);
	return symbol == NULL || !is_plain(symbol) ? NULL : (void *)(object->image.bias + symbol->st_value);
}

void *rl_dl_symbol_of(struct rl_object *asked, void *handle, const char *string, const void *caller)
{
	const struct rl_name name = rl_name_make(string);
	void *value = asked == NULL ? NULL : first_symbol(asked, &name);
	if (value == NULL)
		return symbol_get(asked, handle, &name, NULL, caller);
	rl_dl_error_clear();
	return value;
}

void *rl_dl_symbol(void *handle, const char *name, const void *caller)
{
	return rl_dl_symbol_of(asked_of(handle), handle, name, caller);
}

void *rl_dl_symbol_version(void *handle, const char *name, const char *version, const void *caller)
{
	const struct rl_version wanted = rl_version_exact(version);
	const struct rl_name key = rl_name_make(name);
	return symbol_get(asked_of(handle), handle, &key, &wanted, caller);
}

void *rl_dl_symbol_quietly(void *handle, const char *name, const char *version)
{
	struct rl_version wanted;
	if (version != NULL)
		wanted = rl_version_exact(version);
	const struct rl_name key = rl_name_make(name);
	struct query query;
	query_fill(&query, asked_of(handle), handle, &key, version == NULL ? NULL : &wanted, NULL);
	struct rl_binding binding;
	return query_run_safely(&query, &binding) == RL_OK ? binding_value(&binding) : NULL;
}
