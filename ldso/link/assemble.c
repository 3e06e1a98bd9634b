/* Relocating a relocatable file.  Calls and 32-bit references to functions that do not reach go through stubs. */
#include "assemble.h"

#include <string.h>
#include <sys/mman.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "draft.h"
#include "lookup.h"
#include "memory.h"

static enum rl_status damaged(const struct rl_assembly *a, uint32_t type)
{
	return rl_fail(a->diag, RL_RELOC_DAMAGED, .subject = a->subject, .value = type);
}

static const char *name_of(const struct rl_assembly *a, uint32_t index)
{
	return a->draft->file.strings + a->draft->file.symbols[index].st_name;
}

static uintptr_t *got_word(const struct rl_assembly *a, uint32_t number)
{
	return (uintptr_t *)(a->base + a->draft->got) + number - 1;
}

static uintptr_t stub_of(const struct rl_assembly *a, uint32_t index)
{
	return a->base + a->draft->stub_start
	       + (a->draft->wants[index].stub - 1) * (uintptr_t)RL_SECTION_STUB_SIZE;
}

static bool fits(uint64_t value, const struct rl_section_kind *kind)
{
	unsigned bits = kind->width * 8u;
	if (bits == 64)
		return true;
	int64_t limit = (int64_t)1 << bits;
	/* gABI: 8 and 16 bits may be meant either way. */
	if (kind->is_signed || bits < 32)
		return (int64_t)value >= -(limit / 2) && (int64_t)value < (bits < 32 ? limit : limit / 2);
	return value < (uint64_t)limit;
}

/* The distance of a variable from the thread pointer, which asks for a place in static TLS. */
static enum rl_status tls_distance(const struct rl_assembly *a, uint32_t index, const struct rl_meaning *meaning,
				   uint64_t *out)
{
	struct rl_object *definer = meaning->definer;
	struct rl_tls_lack lack;
	*out = 0;
	if (definer == NULL)
		return RL_OK;
	enum rl_status status = rl_tls_static_add(a->linker, definer, &lack);
	if (status != RL_OK)
		return rl_fail(a->diag, status, .subject = a->subject, .symbol = name_of(a, index),
			       .value = lack.obstacle, .wanted = lack.wanted, .possible = lack.possible);
	*out = RL_TLS_BELOW_TP ? meaning->address - definer->tls.offset : meaning->address + definer->tls.offset;
	return RL_OK;
}

static enum rl_status descriptor_fill(const struct rl_assembly *a, const struct rl_meaning *meaning, uintptr_t *words)
{
	struct rl_object *definer = meaning->definer;
	if (definer == NULL) {
		words[0] = (uintptr_t)rl_port_tlsdesc_undefined_weak;
	} else if (definer->tls.has_offset) {
		words[0] = (uintptr_t)rl_port_tlsdesc_static;
		words[1] = RL_TLS_BELOW_TP ? meaning->address - definer->tls.offset
					   : meaning->address + definer->tls.offset;
	} else if (words[0] == 0) {
		struct rl_tls_descriptor *descriptor =
			rl_tls_descriptor_make(&a->linker->tls, a->object, definer, meaning->address);
		if (descriptor == NULL)
			return rl_fail(a->diag, RL_NO_MEMORY, .subject = a->subject);
		words[0] = (uintptr_t)rl_port_tlsdesc_dynamic;
		words[1] = (uintptr_t)descriptor;
	}
	return RL_OK;
}

/* Values that thread-local variables have, without the addend. */
static enum rl_status tls_value(const struct rl_assembly *a, uint32_t index, const struct rl_section_kind *kind,
				const struct rl_meaning *meaning, uint64_t *out_value)
{
	const struct rl_draft_wants *wants = &a->draft->wants[index];
	uintptr_t *words;
	uint64_t distance;
	switch (kind->value) {
	case RL_SECTION_TLS_INDEX:
		words = got_word(a, wants->index);
		words[0] = meaning->definer == NULL ? 0 : meaning->definer->tls.module;
		words[1] = meaning->address - RL_TLS_DTV_BIAS;
		*out_value = (uintptr_t)words;
		return RL_OK;
	case RL_SECTION_TLS_OFFSET:
		*out_value = meaning->address - RL_TLS_DTV_BIAS;
		return RL_OK;
	case RL_SECTION_TLS_DESCRIPTOR:
		words = got_word(a, wants->descriptor);
		*out_value = (uintptr_t)words;
		return descriptor_fill(a, meaning, words);
	case RL_SECTION_TLS_WORD:
		RL_TRY(tls_distance(a, index, meaning, &distance));
		*got_word(a, wants->offset) = distance;
		*out_value = (uintptr_t)got_word(a, wants->offset);
		return RL_OK;
	default:
		return tls_distance(a, index, meaning, out_value);
	}
}

/* A constant that 32 bits do not reach is as good nearby (typeinfo, tables of virtual functions): programs that are not
 * position-independent have such copies, too.  0: no room. */
static uintptr_t constant_copy(const struct rl_assembly *a, struct rl_meaning *meaning)
{
	enum { ALIGN = 16 };
	struct rl_draft *draft = a->draft;
	uint64_t place = (draft->copies + ALIGN - 1) & -(uint64_t)ALIGN;
	if (meaning->copy == 0 && place < draft->copies_end && draft->copies_end - place >= meaning->size) {
		meaning->copy = a->base + place;
		memcpy((void *)meaning->copy, (const void *)meaning->address, meaning->size);
		draft->copies = place + meaning->size;
	}
	return meaning->copy;
}

/* An address, or what stands for it where it does not reach: a stub that leads to the function, a copy of a constant.
 * Stubs also lead to functions that are yet to be chosen. */
static enum rl_status address_value(const struct rl_assembly *a, uint32_t index, const struct rl_section_kind *kind,
				    const struct rl_meaning *meaning, uint64_t from, uint64_t *out_value)
{
	bool has_stub = a->draft->wants[index].stub != 0, reaches = fits(meaning->address - from, kind);
	if (meaning->is_ifunc && !has_stub)
		return rl_fail(a->diag, RL_RELOC_DAMAGED, .subject = a->subject, .symbol = name_of(a, index));
	*out_value = meaning->address;
	if (has_stub && !meaning->is_data && (meaning->is_ifunc || !reaches))
		*out_value = stub_of(a, index);
	if (!reaches && meaning->is_constant) {
		uintptr_t copy = constant_copy(a, &a->draft->meanings[index]);
		*out_value = copy != 0 ? copy : meaning->address;
	}
	return RL_OK;
}

static bool is_tls_value(enum rl_section_value value)
{
	return value == RL_SECTION_TLS_INDEX || value == RL_SECTION_TLS_OFFSET || value == RL_SECTION_TLS_STATIC
	       || value == RL_SECTION_TLS_WORD || value == RL_SECTION_TLS_DESCRIPTOR;
}

/* The value of one relocation before the place is subtracted. */
static enum rl_status value_find(const struct rl_assembly *a, const Elf64_Rela *rela,
				 const struct rl_section_kind *kind, uintptr_t place, uint64_t *out_value)
{
	uint32_t index = ELF64_R_SYM(rela->r_info);
	uint64_t addend = (uint64_t)rela->r_addend, value = 0;
	uintptr_t got = a->base + a->draft->got;
	const struct rl_meaning *meaning;
	RL_TRY(rl_meaning_find(a, index, &meaning));
	switch (kind->value) {
	case RL_SECTION_SYMBOL:
	case RL_SECTION_CALL:
		RL_TRY(address_value(a, index, kind, meaning, (kind->is_relative ? place : 0) - addend, &value));
		break;
	case RL_SECTION_CALL_FROM_GOT:
		RL_TRY(address_value(a, index, kind, meaning, 0, &value));
		value -= got;
		break;
	case RL_SECTION_GOT:
		value = (uintptr_t)got_word(a, a->draft->wants[index].word);
		break;
	case RL_SECTION_GOT_DISTANCE:
		value = (uintptr_t)got_word(a, a->draft->wants[index].word) - got;
		break;
	case RL_SECTION_GOT_START:
		value = got;
		break;
	case RL_SECTION_FROM_GOT:
		value = meaning->address - got;
		break;
	case RL_SECTION_TLS_MODULE:
		value = (uintptr_t)got_word(a, a->draft->local_module);
		got_word(a, a->draft->local_module)[0] = a->object->tls.module;
		break;
	case RL_SECTION_SIZE:
		value = meaning->size;
		break;
	default:
		if (!is_tls_value(kind->value) || (!meaning->is_tls && meaning->definer != NULL))
			return damaged(a, ELF64_R_TYPE(rela->r_info));
		RL_TRY(tls_value(a, index, kind, meaning, &value));
	}
	*out_value = value + addend;
	return RL_OK;
}

/* Ask who wants to be asked; the place is told as libraries have it. */
static enum rl_status is_done_by_other(const struct rl_assembly *a, const Elf64_Rela *rela, uintptr_t place,
				       bool *out_is_done)
{
	Elf64_Rela told = *rela;
	told.r_offset = place - a->object->image.bias;
	*out_is_done = false;
	if (a->linker->before_relocation == NULL)
		return RL_OK;
	return a->linker->before_relocation(a->linker, a->object, &told, out_is_done, a->diag);
}

static enum rl_status rela_apply(const struct rl_assembly *a, const Elf64_Shdr *target, uint64_t start,
				 const Elf64_Rela *rela)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info), index = ELF64_R_SYM(rela->r_info);
	struct rl_section_kind kind = rl_section_kind(type);
	uintptr_t place = a->base + start + rela->r_offset;
	uint64_t value = 0;
	bool is_done;
	if (type == RL_RELOC_NONE)
		return RL_OK;
	if (rela->r_offset > target->sh_size || target->sh_size - rela->r_offset < kind.width
	    || index >= a->draft->file.symbol_count)
		return damaged(a, type);
	RL_TRY(is_done_by_other(a, rela, place, &is_done));
	if (is_done || kind.value == RL_SECTION_NOTHING)
		return RL_OK;
	if (kind.width == 0)
		return rl_fail(a->diag, RL_RELOC_TYPE, .subject = a->subject, .value = type);
	RL_TRY(value_find(a, rela, &kind, place, &value));
	if (kind.is_relative)
		value -= place;
	if (!fits(value, &kind))
		return rl_fail(a->diag, RL_RELOC_OVERFLOW, .subject = a->subject, .value = type,
			       .symbol = name_of(a, index));
	memcpy((void *)place, &value, kind.width);
	return RL_OK;
}

/* The initial image of thread-local variables comes first: it must be complete when it gets its place. */
static enum rl_status sections_apply(const struct rl_assembly *a, bool is_tls)
{
	const struct rl_relocatable *file = &a->draft->file;
	for (size_t i = 0; i < file->section_count; i++) {
		const Elf64_Shdr *section = &file->sections[i];
		const Elf64_Shdr *target = &file->sections[section->sh_info % file->section_count];
		size_t count;
		if (section->sh_type != SHT_RELA || a->draft->places[section->sh_info] == UINT64_MAX
		    || ((target->sh_flags & SHF_TLS) != 0) != is_tls || target->sh_type == SHT_NOBITS)
			continue;
		const Elf64_Rela *rela = rl_relocatable_array(file, section, sizeof *rela, &count);
		struct rl_assembly member = *a;
		if (section->sh_flags & RL_SECTION_OF_MEMBER)
			member.subject = rl_relocatable_name(file, section);
		for (size_t j = 0; j < count; j++)
			RL_TRY(rela_apply(&member, target, a->draft->places[section->sh_info], &rela[j]));
	}
	return RL_OK;
}

/* GOT words of addresses, and the stubs; resolvers of our own run in the second round, when our code may run. */
static enum rl_status got_fill(const struct rl_assembly *a, bool is_second_round)
{
	for (uint32_t i = 0; i < a->draft->file.symbol_count; i++) {
		const struct rl_draft_wants *wants = &a->draft->wants[i];
		const struct rl_meaning *meaning;
		if (wants->word == 0)
			continue;
		RL_TRY(rl_meaning_find(a, i, &meaning));
		if (wants->stub != 0 && !is_second_round)
			rl_section_stub_write((unsigned char *)stub_of(a, i), (uintptr_t)got_word(a, wants->word));
		if (meaning->is_tls || meaning->is_ifunc != is_second_round)
			continue;
		uint64_t place = meaning->address - a->base;
		if (meaning->is_ifunc && (place < a->draft->starts[RL_PART_CODE] || place >= a->draft->stub_start))
			return damaged(a, RL_RELOC_GLOB_DAT); /* no code of this file */
		*got_word(a, wants->word) = meaning->is_ifunc ? rl_port_ifunc_call(meaning->address) : meaning->address;
	}
	return RL_OK;
}

/* One section's functions, without the marks that lists of the old form begin and end with. */
static size_t calls_copy(const uintptr_t *from, size_t count, bool is_reversed, uintptr_t *out, size_t limit)
{
	size_t used = 0;
	for (size_t i = 0; i < count && used < limit; i++) {
		uintptr_t function = from[is_reversed ? count - 1 - i : i];
		if (!is_reversed || (function != 0 && function != UINTPTR_MAX))
			out[used++] = function;
	}
	return used;
}

/* Gather the constructors or destructors in the order in which a link editor would join them. */
static size_t calls_gather(const struct rl_assembly *a, bool is_init, uintptr_t *out, size_t limit)
{
	const struct rl_relocatable *file = &a->draft->file;
	size_t count = 0;
	bool is_reversed;
	unsigned long rank;
	for (unsigned long done = 0, next; done <= UINT32_MAX && count < limit; done = next + 1) {
		next = UINT32_MAX + 1ul;
		for (size_t i = 0; i < file->section_count; i++)
			if (rl_draft_holds_calls(a->draft, &file->sections[i], is_init, &rank, &is_reversed) && rank >= done
			    && rank < next)
				next = rank;
		for (size_t i = 0; i < file->section_count; i++)
			if (rl_draft_holds_calls(a->draft, &file->sections[i], is_init, &rank, &is_reversed) && rank == next
			    && a->draft->places[i] != UINT64_MAX)
				count += calls_copy((const uintptr_t *)(a->base + a->draft->places[i]),
						    file->sections[i].sh_size / sizeof *out, is_reversed, out + count,
						    limit - count);
	}
	return count;
}

/* The first destructor, which runs last: __cxa_finalize(&__dso_handle), if there is such a function. */
static size_t finish_make(const struct rl_assembly *a, uintptr_t *out)
{
	struct rl_lookup lookup = {.name = rl_name_make("__cxa_finalize"), .want = {.newest = true}};
	struct rl_binding binding = {0};
	if (a->draft->finish_word == 0
	    || !rl_lookup_list(a->linker, atomic_load(&a->object->search), &lookup, &binding) || binding.object == NULL
	    || rl_binding_is_ifunc(&binding))
		return 0;
	*got_word(a, a->draft->finish_word) = rl_binding_address(&binding);
	*out = a->base + a->draft->finish;
	rl_section_finish_write((unsigned char *)*out, a->base + a->draft->handle,
				(uintptr_t)got_word(a, a->draft->finish_word));
	return 1;
}

static void calls_make(const struct rl_assembly *a)
{
	uintptr_t *init = (uintptr_t *)(a->base + a->draft->calls), *fini = init + a->draft->init_count;
	size_t init_count = calls_gather(a, true, init, a->draft->init_count);
	size_t fini_count = finish_make(a, fini);
	fini_count += calls_gather(a, false, fini + fini_count, a->draft->fini_count - fini_count);
	a->object->dynamic.init_array = (struct rl_table){init, init_count};
	a->object->dynamic.fini_array = (struct rl_table){fini, fini_count};
}

static enum rl_status protect(const struct rl_assembly *a)
{
	static const int protections[] = {PROT_READ | PROT_EXEC, PROT_READ, PROT_READ | PROT_WRITE};
	for (int part = 0; part < RL_PART_COUNT; part++) {
		uint64_t size = a->draft->ends[part] - a->draft->starts[part];
		long result = size == 0 ? 0
					: rl_memory_protect(a->object->memory, a->base + a->draft->starts[part], size,
							    protections[part]);
		if (rl_sys_is_error(result))
			return rl_fail(a->diag, RL_MAP_PROTECT, .subject = a->subject,
				       .error_number = (int)-result);
	}
	return RL_OK;
}

enum rl_status rl_draft_assemble(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag)
{
	struct rl_assembly a = {linker, object, object->draft, diag, object->image.bias, object->path};
	RL_TRY(sections_apply(&a, true));
	RL_TRY(sections_apply(&a, false));
	RL_TRY(got_fill(&a, false));
	calls_make(&a);
	RL_TRY(protect(&a));
	return got_fill(&a, true);
}
