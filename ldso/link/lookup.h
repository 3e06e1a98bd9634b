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
