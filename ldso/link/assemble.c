/* Relocating a relocatable file.  Its own definitions come first, but for weak ones, of which the whole scope shares
 * the first.  Calls and 32-bit references that do not reach go through stubs. */
#include "assemble.h"

#include <string.h>
#include <sys/mman.h>

#include "../../arch/section.h"
#include "../base/heap.h"
#include "../base/sys.h"
#include "draft.h"
#include "lookup.h"
#include "relocate.h"

struct assembly {
	struct rl_linker *linker;
	struct rl_object *object;
	struct rl_draft *draft;
	struct rl_diag *diag;
	uintptr_t base;
};

/* What a symbol of the file stands for. */
struct meaning {
	uintptr_t address; /* IFUNC: of the resolver; TLS: offset in the block */
	uint64_t size;
	size_t module;
	bool is_ifunc, is_tls;
};

static enum rl_status damaged(const struct assembly *a, uint32_t type)
{
	return rl_fail(a->diag, RL_RELOC_DAMAGED, .subject = a->object->path, .value = type);
}

static void meaning_own(const struct assembly *a, const Elf64_Sym *symbol, struct meaning *out)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	*out = (struct meaning){.address = symbol->st_value, .size = symbol->st_size, .module = a->object->tls.module,
				.is_tls = type == STT_TLS, .is_ifunc = type == STT_GNU_IFUNC};
	if (symbol->st_shndx != SHN_ABS && symbol->st_shndx != SHN_UNDEF && !out->is_tls)
		out->address += a->base;
}

/* A section's own symbol in a TLS section means the start of that section in the block. */
static bool is_tls_section(const struct assembly *a, const Elf64_Sym *symbol)
{
	return ELF64_ST_TYPE(symbol->st_info) == STT_SECTION && symbol->st_shndx < a->draft->section_count
	       && (a->draft->sections[symbol->st_shndx].sh_flags & SHF_TLS);
}

static enum rl_status meaning_find(const struct assembly *a, uint32_t index, const Elf64_Rela *rela,
				   struct meaning *out)
{
	const Elf64_Sym *symbol = &a->draft->symbols[index];
	unsigned bind = ELF64_ST_BIND(symbol->st_info);
	bool is_defined = symbol->st_shndx != SHN_UNDEF;
	const char *name = a->draft->strings + symbol->st_name;
	meaning_own(a, symbol, out);
	if (is_tls_section(a, symbol)) {
		out->is_tls = true;
		out->address -= a->base + a->object->image.phdrs[RL_PART_COUNT].p_vaddr;
	}
	if (index == 0 || (is_defined && bind != STB_WEAK && bind != STB_GNU_UNIQUE)
	    || (is_defined && ELF64_ST_VISIBILITY(symbol->st_other) != STV_DEFAULT))
		return RL_OK;
	if (!is_defined && strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0) {
		*out = (struct meaning){.address = a->base + a->draft->got};
		return RL_OK;
	}
	struct rl_lookup lookup = {.name = rl_name_make(name)};
	struct rl_binding binding = {0};
	if (!rl_lookup_list(a->linker, atomic_load(&a->object->search), &lookup, &binding)) {
		if (is_defined || bind == STB_WEAK)
			return RL_OK;
		enum rl_status status = rl_fail(a->diag, RL_SYMBOL_UNDEFINED, .subject = a->object->path, .symbol = name);
		if (a->linker->excuse_symbol != NULL)
			status = a->linker->excuse_symbol(a->linker, a->object, rela, &binding, a->diag);
		RL_TRY(status);
	}
	if (binding.object == NULL)
		return RL_OK;
	if (binding.object != a->object)
		RL_TRY(rl_pin_add(a->object, binding.object));
	*out = (struct meaning){.address = rl_binding_address(&binding),
				.size = binding.symbol->st_size,
				.module = binding.object->tls.module,
				.is_ifunc = rl_binding_is_ifunc(&binding),
				.is_tls = ELF64_ST_TYPE(binding.symbol->st_info) == STT_TLS};
	if (out->is_tls)
		out->address = binding.symbol->st_value;
	/* Another object's resolver can run now; our own code cannot yet. */
	if (out->is_ifunc && binding.object != a->object) {
		out->address = rl_port_ifunc_call(out->address);
		out->is_ifunc = false;
	}
	return RL_OK;
}

static uintptr_t *got_word(const struct assembly *a, uint32_t number)
{
	return (uintptr_t *)(a->base + a->draft->got) + number - 1;
}

static uintptr_t stub_of(const struct assembly *a, uint32_t index)
{
	return a->base + a->draft->stub_start + (a->draft->stubs[index] - 1) * (uintptr_t)RL_SECTION_STUB_SIZE;
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

/* The value of one relocation before the place is subtracted. */
static enum rl_status value_find(const struct assembly *a, const Elf64_Rela *rela, const struct rl_section_kind *kind,
				 uintptr_t place, uint64_t *out_value)
{
	uint32_t index = ELF64_R_SYM(rela->r_info), type = ELF64_R_TYPE(rela->r_info);
	uint64_t addend = (uint64_t)rela->r_addend;
	struct meaning meaning;
	RL_TRY(meaning_find(a, index, rela, &meaning));
	uint32_t word = a->draft->got_words[index];
	switch (kind->value) {
	case RL_SECTION_SYMBOL:
	case RL_SECTION_CALL: {
		uint64_t distance = meaning.address + addend - (kind->is_relative ? place : 0);
		*out_value = meaning.address + addend;
		if (a->draft->stubs[index] != 0 && (meaning.is_ifunc || !fits(distance, kind)))
			*out_value = stub_of(a, index) + addend;
		if (meaning.is_ifunc && a->draft->stubs[index] == 0)
			return damaged(a, type);
		break;
	}
	case RL_SECTION_GOT:
		if (word == 0)
			return damaged(a, type);
		*out_value = (uintptr_t)got_word(a, word) + addend;
		break;
	case RL_SECTION_GOT_START:
		*out_value = a->base + a->draft->got + addend;
		break;
	case RL_SECTION_FROM_GOT:
		*out_value = meaning.address + addend - (a->base + a->draft->got);
		break;
	case RL_SECTION_TLS_INDEX:
		if (word == 0 || !meaning.is_tls)
			return damaged(a, type);
		got_word(a, word)[0] = meaning.module;
		got_word(a, word)[1] = meaning.address - RL_TLS_DTV_BIAS;
		*out_value = (uintptr_t)got_word(a, word) + addend;
		break;
	case RL_SECTION_TLS_MODULE:
		got_word(a, a->draft->local_module)[0] = a->object->tls.module;
		got_word(a, a->draft->local_module)[1] = 0;
		*out_value = (uintptr_t)got_word(a, a->draft->local_module) + addend;
		break;
	case RL_SECTION_TLS_OFFSET:
		*out_value = meaning.address + addend - RL_TLS_DTV_BIAS;
		break;
	case RL_SECTION_SIZE:
		*out_value = meaning.size + addend;
		break;
	default:
		return rl_fail(a->diag, RL_TLS_STATIC_FULL, .subject = a->object->path,
			       .symbol = a->draft->strings + a->draft->symbols[index].st_name);
	}
	return RL_OK;
}

static enum rl_status rela_apply(const struct assembly *a, const Elf64_Shdr *target, uint64_t start,
				 const Elf64_Rela *rela)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);
	struct rl_section_kind kind = rl_section_kind(type);
	uintptr_t place = a->base + start + rela->r_offset;
	uint64_t value;
	if (type == RL_RELOC_NONE)
		return RL_OK;
	if (kind.width == 0)
		return rl_fail(a->diag, RL_RELOC_TYPE, .subject = a->object->path, .value = type);
	if (ELF64_R_SYM(rela->r_info) >= a->draft->symbol_count || rela->r_offset > target->sh_size
	    || target->sh_size - rela->r_offset < kind.width)
		return damaged(a, type);
	RL_TRY(value_find(a, rela, &kind, place, &value));
	if (kind.is_relative)
		value -= place;
	if (!fits(value, &kind))
		return rl_fail(a->diag, RL_RELOC_OVERFLOW, .subject = a->object->path, .value = type,
			       .symbol = a->draft->strings + a->draft->symbols[ELF64_R_SYM(rela->r_info)].st_name);
	memcpy((void *)place, &value, kind.width);
	return RL_OK;
}

static enum rl_status sections_apply(const struct assembly *a)
{
	for (size_t i = 0; i < a->draft->section_count; i++) {
		const Elf64_Shdr *section = &a->draft->sections[i];
		if (section->sh_type != SHT_RELA || section->sh_info >= a->draft->section_count
		    || a->draft->places[section->sh_info] == UINT64_MAX)
			continue;
		const Elf64_Shdr *target = &a->draft->sections[section->sh_info];
		const Elf64_Rela *rela = (const Elf64_Rela *)(a->draft->bytes + section->sh_offset);
		for (size_t j = 0; j < section->sh_size / sizeof *rela; j++)
			if (target->sh_type != SHT_NOBITS)
				RL_TRY(rela_apply(a, target, a->draft->places[section->sh_info], &rela[j]));
	}
	return RL_OK;
}

/* GOT words of addresses, and the stubs; resolvers of our own run in the second round, when our code may run. */
static enum rl_status got_fill(const struct assembly *a, bool is_second_round)
{
	for (uint32_t i = 0; i < a->draft->symbol_count; i++) {
		uint32_t word = a->draft->got_words[i];
		struct meaning meaning;
		Elf64_Rela rela = {.r_info = ELF64_R_INFO((uint64_t)i, RL_RELOC_GLOB_DAT)};
		if (word == 0)
			continue;
		RL_TRY(meaning_find(a, i, &rela, &meaning));
		if (meaning.is_tls || meaning.is_ifunc != is_second_round)
			continue;
		uint64_t place = meaning.address - a->base;
		if (meaning.is_ifunc && (place < a->draft->starts[RL_PART_CODE] || place >= a->draft->stub_start))
			return damaged(a, RL_RELOC_GLOB_DAT); /* no code of this file */
		*got_word(a, word) = meaning.is_ifunc ? rl_port_ifunc_call(meaning.address) : meaning.address;
	}
	for (uint32_t i = 0; !is_second_round && i < a->draft->symbol_count; i++)
		if (a->draft->stubs[i] != 0)
			rl_section_stub_write((unsigned char *)stub_of(a, i),
					      (uintptr_t)got_word(a, a->draft->got_words[i]));
	return RL_OK;
}

/* The number behind the last dot of .init_array.00101; those without one come last. */
static unsigned long priority(const struct assembly *a, const Elf64_Shdr *section)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)a->draft->bytes;
	if (header->e_shstrndx >= a->draft->section_count)
		return UINT32_MAX;
	const Elf64_Shdr *names = &a->draft->sections[header->e_shstrndx];
	unsigned long value = 0;
	bool has_number = false;
	for (uint64_t at = section->sh_name; at < names->sh_size; at++) {
		char c = a->draft->bytes[names->sh_offset + at];
		if (c == '\0')
			break;
		has_number = c >= '0' && c <= '9' && (has_number || a->draft->bytes[names->sh_offset + at - 1] == '.');
		value = has_number ? value * 10 + (unsigned long)(c - '0') : 0;
	}
	return has_number ? value : UINT32_MAX;
}

/* Gather the arrays of TYPE in the order in which a link editor would join them. */
static void calls_gather(const struct assembly *a, uint32_t type, uintptr_t *out, size_t limit)
{
	size_t count = 0;
	for (unsigned long done = 0, next; done <= UINT32_MAX && count < limit; done = next + 1) {
		next = UINT32_MAX + 1ul;
		for (size_t i = 0; i < a->draft->section_count; i++)
			if (a->draft->sections[i].sh_type == type && a->draft->places[i] != UINT64_MAX) {
				unsigned long rank = priority(a, &a->draft->sections[i]);
				if (rank >= done && rank < next)
					next = rank;
			}
		for (size_t i = 0; i < a->draft->section_count; i++) {
			const Elf64_Shdr *section = &a->draft->sections[i];
			if (section->sh_type != type || a->draft->places[i] == UINT64_MAX || priority(a, section) != next)
				continue;
			size_t size = section->sh_size / sizeof *out;
			if (size > limit - count)
				size = limit - count;
			memcpy(out + count, (void *)(a->base + a->draft->places[i]), size * sizeof *out);
			count += size;
		}
	}
}

static enum rl_status protect(const struct assembly *a)
{
	static const int protections[] = {PROT_READ | PROT_EXEC, PROT_READ, PROT_READ | PROT_WRITE};
	for (int part = 0; part < RL_PART_COUNT; part++) {
		uint64_t size = a->draft->ends[part] - a->draft->starts[part];
		long result = size == 0 ? 0
					: rl_sys_protect(a->base + a->draft->starts[part], size, protections[part]);
		if (rl_sys_is_error(result))
			return rl_fail(a->diag, RL_MAP_PROTECT, .subject = a->object->path,
				       .error_number = (int)-result);
	}
	return RL_OK;
}

enum rl_status rl_draft_assemble(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag)
{
	struct assembly a = {linker, object, object->draft, diag, object->image.bias};
	uintptr_t *calls = (uintptr_t *)(a.base + a.draft->calls);
	RL_TRY(sections_apply(&a));
	RL_TRY(got_fill(&a, false));
	calls_gather(&a, SHT_INIT_ARRAY, calls, a.draft->init_count);
	calls_gather(&a, SHT_FINI_ARRAY, calls + a.draft->init_count, a.draft->fini_count);
	RL_TRY(protect(&a));
	return got_fill(&a, true);
}
