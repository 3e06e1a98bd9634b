/* Symbol lookup: the hot loop of start-up, and the rules around it.  Runs under the load lock or in a read section;
 * touches no libc and no vector register. */
#include "lookup.h"

#include "../elf/find.h"
#include "unique.h"

/* The hash for tables of the old kind, computed when the first of them is met. */
struct sysv_hash {
	uint32_t value;
	bool is_known;
};

/* A definition was found in OBJECT: is it final? */
static inline bool binding_take(struct rl_linker *linker, struct rl_object *object, const Elf64_Sym *symbol,
				struct rl_binding *out_binding)
{
	unsigned bind = ELF64_ST_BIND(symbol->st_info);
	if (bind == STB_WEAK && linker->prefers_strong) {
		if (out_binding->object == NULL)
			*out_binding = (struct rl_binding){object, symbol};
		return false;
	}
	*out_binding = (struct rl_binding){object, symbol};
	return true;
}

/* In a table of the old kind, or one that grows on demand.  With copies: what is searched for can stay in registers for
 * all others. */
static __attribute__((noinline)) const Elf64_Sym *sysv_find(struct rl_linker *linker, struct rl_object *object,
							    const char *string, size_t size, struct rl_want want,
							    struct sysv_hash *hash)
{
	struct rl_name name = {
		.string = string, .size = size, .sysv_hash = hash->value, .sysv_ready = hash->is_known};
	const Elf64_Sym *symbol = rl_symbols_find_filtered(&object->symbols, &name, &want);
	*hash = (struct sysv_hash){name.sysv_hash, name.sysv_ready};
	return symbol == NULL && object->is_provider ? linker->provide(object, string, want.version) : symbol;
}

/* Search SCOPE from ENTRY on. */
static inline __attribute__((always_inline)) bool
entries_search(struct rl_linker *linker, const struct rl_scope *scope, const struct rl_scope_entry *entry,
	       const struct rl_name *name, const struct rl_want *want, const struct rl_object *skip,
	       struct sysv_hash *sysv_hash, struct rl_binding *out_binding)
{
	uint32_t hash = name->gnu_hash;
	for (const struct rl_scope_entry *end = scope->entries + scope->count; entry < end; entry++) {
		if (!rl_bloom_may_have(entry->bloom, entry->bloom_mask, entry->bloom_shift, hash))
			continue;
		struct rl_object *object = entry->object;
		if (object == skip || atomic_load_explicit(&object->is_removed, memory_order_acquire))
			continue;
		const struct rl_symbols *symbols = &object->symbols;
		const Elf64_Sym *symbol =
			__builtin_expect(symbols->is_sysv_hash, 0)
				? sysv_find(linker, object, name->string, name->size, *want, sysv_hash)
				: rl_find_gnu(symbols, name, want);
		if (symbol != NULL && binding_take(linker, object, symbol, out_binding))
			return true;
	}
	rl_scope_missed(scope);
	return false;
}

/* Where a search of SCOPE starts: behind AFTER, which may be NULL. */
static inline const struct rl_scope_entry *entry_behind(const struct rl_scope *scope, const struct rl_object *after)
{
	const struct rl_scope_entry *entry = scope->entries, *end = entry + scope->count;
	if (after == NULL)
		return entry;
	while (entry < end && entry->object != after)
		entry++;
	return entry < end ? entry + 1 : end;
}

bool rl_lookup_scope(struct rl_linker *linker, const struct rl_scope *scope, struct rl_lookup *lookup,
		     struct rl_binding *out_binding)
{
	if (rl_scope_lacks(scope, lookup->name.gnu_hash))
		return false;
	struct sysv_hash sysv_hash = {0};
	return entries_search(linker, scope, entry_behind(scope, lookup->after), &lookup->name, &lookup->want,
			      lookup->skip, &sysv_hash, out_binding);
}

/* Search a list of scopes.  Inline: this is where a program's start spends its time. */
static inline __attribute__((always_inline)) bool
list_search(struct rl_linker *linker, const struct rl_scope_list *list, const struct rl_name *name,
	    const struct rl_want *want, const struct rl_object *skip, const struct rl_object *after,
	    struct rl_binding *out_binding)
{
	struct sysv_hash sysv_hash = {0};
	*out_binding = (struct rl_binding){0};
	for (size_t i = 0; i < list->count; i++) {
		const struct rl_scope *scope =
			atomic_load_explicit(&list->cells[i]->current, memory_order_acquire);
		if (scope == NULL || rl_scope_lacks(scope, name->gnu_hash))
			continue;
		if (entries_search(linker, scope, entry_behind(scope, after), name, want, skip, &sysv_hash,
				   out_binding))
			return true;
	}
	return out_binding->object != NULL; /* a weak definition that nothing overrode */
}

/* What BINDING found in a library of the lender is, for all who use that library, what the lender's global scope has
 * first: a malloc in front of libc's, a variable that the program copied. */
static void lent_choose(struct rl_linker *linker, const struct rl_name *name, const struct rl_want *want,
			struct rl_binding *binding)
{
	struct rl_lookup lookup = {.name = *name, .want = *want};
	struct rl_binding first;
	const struct rl_scope *scope = atomic_load_explicit(&linker->base.global.current, memory_order_acquire);
	if (binding->object != NULL && binding->object->is_hosted && binding->object->kind != RL_OBJECT_LINKER
	    && scope != NULL && rl_lookup_scope(linker, scope, &lookup, &first))
		*binding = first;
}

bool rl_lookup_list(struct rl_linker *linker, const struct rl_scope_list *list, struct rl_lookup *lookup,
		    struct rl_binding *out_binding)
{
	bool is_found = list_search(linker, list, &lookup->name, &lookup->want, lookup->skip, lookup->after, out_binding);
	if (is_found && linker->rules.borrows)
		lent_choose(linker, &lookup->name, &lookup->want, out_binding);
	return is_found;
}

const struct rl_version *rl_reference_version(const struct rl_symbols *symbols, uint32_t index)
{
	if (symbols->versym == NULL || index >= symbols->versym_limit)
		return NULL;
	uint16_t slot = symbols->versym[index] & 0x7fff;
	if (slot >= symbols->version_count || symbols->versions[slot].hash == 0)
		return NULL;
	return &symbols->versions[slot];
}

/* A protected symbol that the object defines binds inside it, whatever the search found first. */
static void protected_apply(struct rl_object *object, const Elf64_Sym *symbol, struct rl_binding *binding)
{
	if (ELF64_ST_VISIBILITY(symbol->st_other) == STV_PROTECTED && symbol->st_shndx != SHN_UNDEF
	    && binding->object != object)
		*binding = (struct rl_binding){object, symbol};
}

/* As above: with a copy. */
static __attribute__((noinline)) enum rl_status unique_choose(struct rl_namespace *namespace, const char *string,
							      size_t size, uint32_t hash, struct rl_binding *binding)
{
	struct rl_name name = {.string = string, .size = size, .gnu_hash = hash};
	return rl_unique_choose(namespace, &name, binding);
}

static enum rl_status undefined(struct rl_object *object, const char *name, const struct rl_version *version,
				struct rl_diag *diag)
{
	return rl_fail(diag, RL_SYMBOL_UNDEFINED, .subject = object->path, .symbol = name,
		       .version = version == NULL ? NULL : version->name);
}

void rl_prefix_make(const struct rl_linker *linker, const struct rl_object *object, struct rl_prefix *out_prefix)
{
	const struct rl_scope_list *list = atomic_load_explicit(&object->search, memory_order_acquire);
	const struct rl_symbols *symbols = &object->symbols;
	out_prefix->is_useful = false;
	out_prefix->count = 0;
	if (symbols->is_sysv_hash || symbols->bucket_count == 0 || linker->prefers_strong)
		return;
	for (size_t i = 0; i < list->count; i++) {
		const struct rl_scope *scope =
			atomic_load_explicit(&list->cells[i]->current, memory_order_acquire);
		for (size_t j = 0; scope != NULL && j < scope->count; j++) {
			if (scope->entries[j].object == object) {
				out_prefix->is_useful = true;
				return;
			}
			if (out_prefix->count == RL_PREFIX_LIMIT)
				return;
			out_prefix->entries[out_prefix->count++] = scope->entries[j];
		}
	}
}

enum rl_status rl_lookup_reference(struct rl_linker *linker, struct rl_object *object, uint32_t index,
				   enum rl_reference_class class, struct rl_binding *out_binding, struct rl_diag *diag)
{
	const struct rl_symbols *symbols = &object->symbols;
	if (index >= symbols->symbol_limit)
		return rl_fail(diag, RL_RELOC_DAMAGED, .subject = object->path, .value = index);
	const Elf64_Sym *symbol = &symbols->symbols[index];
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
	if (ELF64_ST_BIND(symbol->st_info) == STB_LOCAL || visibility == STV_HIDDEN || visibility == STV_INTERNAL) {
		*out_binding = (struct rl_binding){object, symbol};
		return RL_OK;
	}
	if (symbol->st_name >= symbols->strings_size)
		return rl_fail(diag, RL_RELOC_DAMAGED, .subject = object->path, .value = index);
	const struct rl_name name =
		rl_name_read(symbols->strings + symbol->st_name, symbols->strings + symbols->strings_size);
	const struct rl_want want = {.version = rl_reference_version(symbols, index),
				     .skip_undefined_functions = class == RL_REFERENCE_PLT};
	const struct rl_object *skip = class == RL_REFERENCE_COPY ? object : NULL;
	const struct rl_scope_list *list = atomic_load_explicit(&object->search, memory_order_acquire);
	if (!list_search(linker, list, &name, &want, skip, NULL, out_binding)) {
		/* Like the original: a reference that is weak, or a protected definition nobody can see, is no error. */
		if (ELF64_ST_BIND(symbol->st_info) == STB_WEAK)
			return RL_OK;
		if (visibility != STV_PROTECTED || symbol->st_shndx == SHN_UNDEF)
			return undefined(object, name.string, want.version, diag);
	}
	if (linker->rules.ignores_uniques || linker->rules.borrows) {
		if (linker->rules.ignores_uniques)
			return RL_OK;
		lent_choose(linker, &name, &want, out_binding);
	}
	if (visibility == STV_PROTECTED)
		protected_apply(object, symbol, out_binding);
	if (out_binding->object != NULL && ELF64_ST_BIND(out_binding->symbol->st_info) == STB_GNU_UNIQUE)
		return unique_choose(object->namespace, name.string, name.size, name.gnu_hash, out_binding);
	return RL_OK;
}
