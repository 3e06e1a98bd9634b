/* Relocations whose value is not simply an address (the CPU's psABI): variables that are copied, thread-local ones, sizes,
 * and places of 32 bits. */
#include <string.h>

#include "relocator.h"

/* COPY: the program takes the library's variable over, with its initial value. */
static enum rl_status copy_apply(struct rl_relocator *r, const Elf64_Rela *rela)
{
	const struct rl_binding *binding = &r->memo;
	if (binding->object == NULL)
		return RL_OK;
	const Elf64_Sym *mine = &r->object->symbols.symbols[ELF64_R_SYM(rela->r_info)];
	size_t size = mine->st_size < binding->symbol->st_size ? mine->st_size : binding->symbol->st_size;
	void *target = rl_reloc_find(r, rela->r_offset, size);
	if (size == 0)
		return RL_OK;
	if (target == NULL
	    || rl_image_array(&binding->object->image, binding->symbol->st_value, size, 1) == NULL)
		return rl_reloc_damaged(r, RL_RELOC_COPY);
	if (binding->symbol->st_size > mine->st_size
	    || (binding->symbol->st_size < mine->st_size && r->linker->warns)) {
		struct rl_diag warning = RL_DIAG_NONE;
		rl_fail(&warning, RL_RELOC_OVERFLOW, .subject = r->object->path, .value = RL_RELOC_COPY,
			.symbol = r->object->symbols.strings + mine->st_name);
		r->linker->warn(r->linker, &warning);
		rl_diag_drop(&warning);
	}
	memcpy(target, (const void *)rl_binding_address(binding), size);
	return RL_OK;
}

/* A TLS descriptor: static modules are an offset from the thread pointer, others go through the dtv. */
static enum rl_status descriptor_apply(struct rl_relocator *r, const Elf64_Rela *rela, rl_reloc_word *word)
{
	struct rl_object *definer = r->memo.object;
	if (rl_reloc_find(r, rela->r_offset, 2 * sizeof *word) == NULL)
		return rl_reloc_damaged(r, RL_RELOC_TLSDESC);
	if (definer == NULL) {
		word[0] = (uintptr_t)rl_port_tlsdesc_undefined_weak;
		word[1] = (uint64_t)rela->r_addend;
		return RL_OK;
	}
	if (definer->tls.size == 0)
		return rl_reloc_damaged(r, RL_RELOC_TLSDESC);
	uint64_t offset = r->memo.symbol->st_value + (uint64_t)rela->r_addend;
	if (rl_tls_static_offer(r->linker, definer)) {
		word[0] = (uintptr_t)rl_port_tlsdesc_static;
		word[1] = RL_TLS_BELOW_TP ? offset - definer->tls.offset : offset + definer->tls.offset;
		return RL_OK;
	}
	struct rl_tls_descriptor *descriptor = rl_tls_descriptor_make(&r->linker->tls, r->object, definer, offset);
	if (descriptor == NULL)
		return rl_fail(r->diag, RL_NO_MEMORY, .subject = r->object->path);
	word[0] = (uintptr_t)rl_port_tlsdesc_dynamic;
	word[1] = (uintptr_t)descriptor;
	return RL_OK;
}

static enum rl_status tls_apply(struct rl_relocator *r, const Elf64_Rela *rela, uint32_t type, rl_reloc_word *word)
{
	struct rl_object *definer = r->memo.object;
	if (type == RL_RELOC_TLSDESC)
		return descriptor_apply(r, rela, word);
	if (definer == NULL)
		return RL_OK;
	if (type == RL_RELOC_DTPMOD) {
		*word = definer->tls.module;
		return RL_OK;
	}
	uint64_t offset = r->memo.symbol->st_value + (uint64_t)rela->r_addend;
	if (type == RL_RELOC_DTPOFF) {
		*word = offset - RL_TLS_DTV_BIAS;
		return RL_OK;
	}
	if (definer->tls.size == 0)
		return rl_reloc_damaged(r, type);
	struct rl_tls_lack lack;
	enum rl_status status = rl_tls_static_add(r->linker, definer, &lack);
	if (status != RL_OK)
		return rl_fail(r->diag, status, .subject = definer->path, .requester = r->object->path,
			       .symbol = definer->symbols.strings + r->memo.symbol->st_name, .value = lack.obstacle,
			       .wanted = lack.wanted, .possible = lack.possible);
	*word = RL_TLS_BELOW_TP ? offset - definer->tls.offset : offset + definer->tls.offset;
	return RL_OK;
}

/* Places of 32 bits.  Returns RL_RELOC_TYPE if TYPE is none of them. */
static enum rl_status narrow_apply(struct rl_relocator *r, const Elf64_Rela *rela, uint32_t type)
{
	rl_reloc_half *word = (rl_reloc_half *)rl_reloc_find(r, rela->r_offset, sizeof *word);
	if (word == NULL)
		return rl_reloc_damaged(r, type);
	uint64_t value = rl_binding_address(&r->memo) + (uint64_t)rela->r_addend;
	bool fits;
	if (type == RL_RELOC_SIZE32) {
		value = (r->memo.object == NULL ? 0 : r->memo.symbol->st_size) + (uint64_t)rela->r_addend;
		fits = value == (uint32_t)value;
	} else if (type == RL_RELOC_SYMBOLIC32) {
		fits = value == (uint32_t)value;
	} else if (type == RL_RELOC_PC32) {
		value -= (uintptr_t)word;
		fits = (int64_t)value == (int32_t)value;
	} else {
		return rl_fail(r->diag, RL_RELOC_TYPE, .subject = r->object->path, .value = type);
	}
	*word = (uint32_t)value;
	if (!fits) {
		struct rl_diag warning = RL_DIAG_NONE;
		const Elf64_Sym *symbol = &r->object->symbols.symbols[ELF64_R_SYM(rela->r_info)];
		rl_fail(&warning, RL_RELOC_OVERFLOW, .subject = r->object->path, .value = type,
			.symbol = rl_dynamic_string(&r->object->dynamic, symbol->st_name));
		r->linker->warn(r->linker, &warning);
		rl_diag_drop(&warning);
	}
	return RL_OK;
}

enum rl_status rl_reloc_apply_special(struct rl_relocator *r, const Elf64_Rela *rela, uint32_t type,
				      rl_reloc_word *word)
{
	if (type == RL_RELOC_COPY)
		return copy_apply(r, rela);
	if (word == NULL)
		return narrow_apply(r, rela, type);
	switch (type) {
	case RL_RELOC_DTPMOD:
	case RL_RELOC_DTPOFF:
	case RL_RELOC_TPOFF:
	case RL_RELOC_TLSDESC:
		return tls_apply(r, rela, type, word);
	case RL_RELOC_SIZE64:
		*word = (r->memo.object == NULL ? 0 : r->memo.symbol->st_size) + (uint64_t)rela->r_addend;
		return RL_OK;
	default:
		return narrow_apply(r, rela, type);
	}
}
