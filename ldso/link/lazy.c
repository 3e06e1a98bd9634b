/* Lazy binding: the first call through a PLT slot.  Runs in any thread and in signal handlers, takes no lock, and keeps
 * vector registers untouched unless an IFUNC resolver must run. */
#include "relocate.h"

static _Noreturn void lazy_fail(struct rl_object *object, struct rl_diag *diag, unsigned value)
{
	struct rl_linker *linker = object->namespace->linker;
	(void)rl_fail(diag, RL_RELOC_DAMAGED, .subject = object->path, .value = value);
	linker->die(linker, diag);
}

static uintptr_t resolver_call(uintptr_t resolver)
{
	return rl_port_ifunc_call(resolver);
}

uintptr_t rl_lazy_bind(struct rl_object *object, size_t index)
{
	struct rl_linker *linker = object->namespace->linker;
	struct rl_diag diag = RL_DIAG_NONE;
	const struct rl_dynamic *dynamic = &object->dynamic;
	if (index >= dynamic->plt.count)
		lazy_fail(object, &diag, (unsigned)index);
	const Elf64_Rela *rela = (const Elf64_Rela *)dynamic->plt.start + index;
	if (ELF64_R_TYPE(rela->r_info) != RL_RELOC_JUMP_SLOT
	    || rl_image_array(&object->image, rela->r_offset, 1, sizeof(uintptr_t)) == NULL)
		lazy_fail(object, &diag, ELF64_R_TYPE(rela->r_info));

	unsigned side = rl_readers_enter(&linker->readers);
	struct rl_binding binding;
	enum rl_status status = rl_lookup_reference(linker, object, ELF64_R_SYM(rela->r_info), RL_REFERENCE_PLT,
						    &binding, &diag);
	if (status == RL_OK && binding.object != NULL)
		status = rl_pin_add(object, binding.object);
	rl_readers_leave(&linker->readers, side);
	if (status == RL_SYMBOL_UNDEFINED && linker->excuse_call != NULL)
		status = linker->excuse_call(linker, object, rela, &binding, &diag);
	if (status != RL_OK)
		linker->die(linker, &diag);
	if (__builtin_expect(linker->call_bound != NULL, 0))
		linker->call_bound(linker, object, rela, &binding);

	uintptr_t target = rl_binding_address(&binding);
	if (rl_binding_is_ifunc(&binding))
		target = rl_port_call_preserving(resolver_call, target);
	target += (uint64_t)rela->r_addend;
	if (!linker->keeps_unbound)
		__atomic_store_n((uintptr_t *)(object->image.bias + rela->r_offset), target, __ATOMIC_RELAXED);
	return target;
}
