/* Relocation of one object, and lazy binding. */
#ifndef RL_LINK_RELOCATE_H
#define RL_LINK_RELOCATE_H

#include "lookup.h"

/* Apply all relocations of OBJECT and seal its RELRO.  IS_LAZY allows its PLT to wait for first calls, if the file
 * does not forbid it.  IFUNC resolvers of objects relocated before may be called. */
RL_NODISCARD enum rl_status rl_relocate(struct rl_linker *linker, struct rl_object *object, bool is_lazy,
					struct rl_diag *diag);

/* How the symbol of a relocation of TYPE, not JUMP_SLOT, is looked up. */
static inline enum rl_reference_class rl_reference_class(uint32_t type)
{
	switch (type) {
	case RL_RELOC_DTPMOD:
	case RL_RELOC_DTPOFF:
	case RL_RELOC_TPOFF:
	case RL_RELOC_TLSDESC:
		return RL_REFERENCE_PLT;
	case RL_RELOC_COPY:
		return RL_REFERENCE_COPY;
	default:
		return RL_REFERENCE_DATA;
	}
}

/* Apply RELA of OBJECT, which was excused when the object was relocated. */
RL_NODISCARD enum rl_status rl_relocate_one(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
					    struct rl_diag *diag);

/* Bind PLT relocation INDEX of OBJECT now: what the lazy trampoline calls.  Returns the target; on failure the
 * linker's die() reports it and this does not return. */
uintptr_t rl_lazy_bind(struct rl_object *object, size_t index);

/* Remember that a binding of OBJECT goes into TARGET, which must stay as long as OBJECT does. */
RL_NODISCARD enum rl_status rl_pin_add(struct rl_object *object, struct rl_object *target);

#endif
