/* Looking a name up in scopes. */
#ifndef RL_LINK_LOOKUP_H
#define RL_LINK_LOOKUP_H

#include "linker.h"

/* A definition and the object it is in.  object NULL: an undefined weak reference. */
struct rl_binding {
	struct rl_object *object;
	const Elf64_Sym *symbol;
};

/* What a lookup may pass over. */
struct rl_lookup {
	struct rl_name name;
	struct rl_want want;
	const struct rl_object *skip;  /* this object does not count (RTLD_NEXT, COPY) */
	const struct rl_object *after; /* only objects behind this one in a scope count (RTLD_NEXT) */
};

/* Search one scope, or a list of scopes in order.  False: no definition. */
bool rl_lookup_scope(struct rl_linker *linker, const struct rl_scope *scope, struct rl_lookup *lookup,
		     struct rl_binding *out_binding);
bool rl_lookup_list(struct rl_linker *linker, const struct rl_scope_list *list, struct rl_lookup *lookup,
		    struct rl_binding *out_binding);

enum rl_reference_class {
	RL_REFERENCE_DATA,
	RL_REFERENCE_PLT,  /* PLT and TLS references */
	RL_REFERENCE_COPY,
};

/* Resolve the reference that symbol INDEX of OBJECT makes.  Fails with RL_SYMBOL_UNDEFINED. */
RL_NODISCARD enum rl_status rl_lookup_reference(struct rl_linker *linker, struct rl_object *object, uint32_t index,
						enum rl_reference_class class, struct rl_binding *out_binding,
						struct rl_diag *diag);

/* The few objects that are searched before OBJECT when it refers to what it defines itself.  If none of them can have
 * the name, the definition is the object's own; their filters tell, and the object's hash table has the hash, so that
 * the name need not be read. */
struct rl_prefix {
	bool is_useful; /* false: they are many, or the object's table is of another kind */
	unsigned count;
	struct rl_scope_entry entries[16];
};
enum { RL_PREFIX_LIMIT = sizeof((struct rl_prefix *)0)->entries / sizeof(struct rl_scope_entry) };
void rl_prefix_make(const struct rl_linker *linker, const struct rl_object *object, struct rl_prefix *out_prefix);

/* Whether a search for SYMBOL, number INDEX, which its object defines, can find no other symbol of that object. */
static inline bool rl_symbol_is_sole(const struct rl_symbols *symbols, const Elf64_Sym *symbol, uint32_t index)
{
	enum { HIDDEN = 0x8000, SHAPES = 1 << STT_NOTYPE | 1 << STT_OBJECT | 1 << STT_FUNC };
	unsigned bind = ELF64_ST_BIND(symbol->st_info);
	if (symbol->st_shndx == SHN_UNDEF || symbol->st_value == 0 || index < symbols->chain_first
	    || index >= symbols->chain_limit || (bind != STB_GLOBAL && bind != STB_WEAK)
	    || symbol->st_other != STV_DEFAULT || !(SHAPES >> ELF64_ST_TYPE(symbol->st_info) & 1))
		return false;
	/* Of a name with a default version there is no base definition besides. */
	return symbols->versym == NULL || (symbols->versym[index] >= 2 && symbols->versym[index] < HIDDEN);
}

/* Whether reference INDEX of the object with SYMBOLS is surely to its own definition.  The hash table lacks the lowest
 * bit of a hash: either value is tried. */
static inline bool rl_prefix_misses(const struct rl_prefix *prefix, const struct rl_symbols *symbols, uint32_t index)
{
	if (!prefix->is_useful || index >= symbols->symbol_limit
	    || !rl_symbol_is_sole(symbols, &symbols->symbols[index], index))
		return false;
	uint32_t hash = symbols->chains[index];
	for (unsigned i = 0; i < prefix->count; i++) {
		const struct rl_scope_entry *entry = &prefix->entries[i];
		uint64_t word = entry->bloom[(hash / 64) & entry->bloom_mask];
		if ((word >> (hash % 64 & ~1u) & 3) != 0
		    && (entry->bloom_shift == 0 || (word >> ((hash >> entry->bloom_shift) % 64) & 1)))
			return false;
	}
	return true;
}

/* The address a binding stands for, IFUNC not yet called; TLS symbols give the offset in their block. */
static inline uintptr_t rl_binding_address(const struct rl_binding *binding)
{
	if (binding->object == NULL)
		return 0;
	return binding->symbol->st_value
	       + (binding->symbol->st_shndx == SHN_ABS ? 0 : binding->object->image.bias);
}

static inline bool rl_binding_is_ifunc(const struct rl_binding *binding)
{
	return binding->object != NULL && ELF64_ST_TYPE(binding->symbol->st_info) == STT_GNU_IFUNC
	       && binding->symbol->st_shndx != SHN_UNDEF;
}

/* The version the reference by symbol INDEX asks for, or NULL. */
const struct rl_version *rl_reference_version(const struct rl_symbols *symbols, uint32_t index);

#endif
