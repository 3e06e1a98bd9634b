/* What the symbols of a relocatable file mean.  Its own definitions come first, but for weak ones, of which the whole
 * scope shares the first.  References without a version (.symver) mean the default one, as they do for a link editor. */
#include <string.h>

#include "../base/heap.h"
#include "draft.h"
#include "lookup.h"
#include "relocate.h"

static void meaning_own(const struct rl_assembly *a, uint32_t index, struct rl_meaning *out)
{
	const struct rl_relocatable *file = &a->draft->file;
	const Elf64_Sym *symbol = &file->symbols[index];
	uint32_t section = rl_relocatable_section(file, index);
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	*out = (struct rl_meaning){.address = a->draft->values[index], .size = symbol->st_size,
				   .is_ifunc = type == STT_GNU_IFUNC, .is_tls = type == STT_TLS};
	if (section == RL_SECTION_COMMON || (section != SHN_UNDEF && section < file->section_count)) {
		out->is_tls |= section < file->section_count && (file->sections[section].sh_flags & SHF_TLS);
		out->definer = a->object;
		if (!out->is_tls)
			out->address += a->base;
	} else if (section == SHN_UNDEF) {
		out->address = out->size = 0;
		out->is_ifunc = false;
	}
}

/* The end of the section NAME, or its start. */
static bool section_edge(const struct rl_assembly *a, const char *name, bool is_end, uintptr_t *out_address)
{
	const struct rl_relocatable *file = &a->draft->file;
	bool is_found = false;
	for (size_t i = 1; i < file->section_count; i++) {
		const Elf64_Shdr *section = &file->sections[i];
		if (a->draft->places[i] == UINT64_MAX || strcmp(rl_relocatable_name(file, section), name) != 0)
			continue;
		if (is_end || !is_found)
			*out_address = a->base + a->draft->places[i] + (is_end ? section->sh_size : 0);
		is_found = true;
	}
	return is_found;
}

/* Names that link editors define. */
static bool editor_symbol(const struct rl_assembly *a, const char *name, uintptr_t *out_address)
{
	static const char start[] = "__start_", stop[] = "__stop_";
	if (name[0] != '_')
		return false;
	if (strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0)
		*out_address = a->base + a->draft->got;
	else if (strcmp(name, "__dso_handle") == 0)
		*out_address = a->base + a->draft->handle;
	else if (strncmp(name, start, sizeof start - 1) == 0)
		return section_edge(a, name + sizeof start - 1, false, out_address);
	else if (strncmp(name, stop, sizeof stop - 1) == 0)
		return section_edge(a, name + sizeof stop - 1, true, out_address);
	else
		return false;
	return true;
}

/* NAME, wanted with VERSION or, if that is NULL, in its default version. */
static enum rl_status name_find(const struct rl_assembly *a, uint32_t index, const char *name, const char *version,
				bool may_lack, struct rl_binding *out_binding)
{
	struct rl_version wanted;
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.newest = version == NULL}};
	if (version != NULL) {
		wanted = rl_version_exact(version);
		lookup.want.version = &wanted;
	}
	if (rl_lookup_list(a->linker, atomic_load(&a->object->search), &lookup, out_binding) || may_lack)
		return RL_OK;
	enum rl_status status = rl_fail(a->diag, RL_SYMBOL_UNDEFINED, .subject = a->subject, .symbol = name,
					.version = version);
	Elf64_Rela rela = {.r_info = ELF64_R_INFO((uint64_t)index, RL_RELOC_NONE)};
	if (a->linker->excuse_symbol != NULL)
		status = a->linker->excuse_symbol(a->linker, a->object, &rela, out_binding, a->diag);
	return status;
}

/* What a reference means outside of the symbols of its file.  name@VERSION (.symver) asks for that version. */
static enum rl_status binding_find(const struct rl_assembly *a, uint32_t index, bool may_lack,
				   struct rl_binding *out_binding)
{
	const char *name = a->draft->file.strings + a->draft->file.symbols[index].st_name, *at = strchr(name, '@');
	if (at == NULL || at == name)
		return name_find(a, index, name, NULL, may_lack, out_binding);
	char *plain = rl_heap_string(name);
	if (plain == NULL)
		return rl_fail(a->diag, RL_NO_MEMORY, .subject = a->subject);
	plain[at - name] = '\0';
	enum rl_status status = name_find(a, index, plain, at + (at[1] == '@' ? 2 : 1), may_lack, out_binding);
	rl_heap_give(plain);
	return status;
}

/* Data that nobody writes any more: in a read-only segment, or read-only since relocation. */
static bool is_constant(const struct rl_object *object, const Elf64_Sym *symbol)
{
	bool is_written = true;
	if (!object->is_relocated || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || symbol->st_shndx == SHN_ABS)
		return false;
	for (size_t i = 0; i < object->image.phdr_count; i++) {
		const Elf64_Phdr *phdr = &object->image.phdrs[i];
		if (symbol->st_value < phdr->p_vaddr || symbol->st_value - phdr->p_vaddr >= phdr->p_memsz
		    || phdr->p_memsz - (symbol->st_value - phdr->p_vaddr) < symbol->st_size)
			continue;
		if (phdr->p_type == PT_GNU_RELRO || (phdr->p_type == PT_LOAD && !(phdr->p_flags & PF_W)))
			is_written = false;
	}
	return !is_written;
}

static enum rl_status meaning_make(const struct rl_assembly *a, uint32_t index, struct rl_meaning *out)
{
	const Elf64_Sym *symbol = &a->draft->file.symbols[index];
	unsigned bind = ELF64_ST_BIND(symbol->st_info);
	bool is_defined = symbol->st_shndx != SHN_UNDEF;
	meaning_own(a, index, out);
	if (index == 0 || bind == STB_LOCAL || (is_defined && bind != STB_WEAK && bind != STB_GNU_UNIQUE)
	    || (is_defined && ELF64_ST_VISIBILITY(symbol->st_other) != STV_DEFAULT))
		return RL_OK;
	if (!is_defined && strcmp(a->draft->file.strings + symbol->st_name, "_TLS_MODULE_BASE_") == 0) {
		out->is_tls = true; /* of local-dynamic descriptors: the start of our block */
		out->definer = a->object;
		return RL_OK;
	}
	if (!is_defined && editor_symbol(a, a->draft->file.strings + symbol->st_name, &out->address))
		return RL_OK;
	struct rl_binding binding = {0};
	RL_TRY(binding_find(a, index, is_defined || bind == STB_WEAK, &binding));
	bool is_own = binding.object == a->object; /* by another name: one has a version, the other not */
	if (binding.object == NULL || (is_own && is_defined))
		return RL_OK;
	if (!is_own)
		RL_TRY(rl_pin_add(a->object, binding.object));
	unsigned type = ELF64_ST_TYPE(binding.symbol->st_info);
	*out = (struct rl_meaning){.address = rl_binding_address(&binding),
				   .size = binding.symbol->st_size,
				   .definer = binding.object,
				   .is_constant = is_constant(binding.object, binding.symbol),
				   .is_ifunc = rl_binding_is_ifunc(&binding),
				   .is_tls = type == STT_TLS,
				   .is_data = type == STT_OBJECT || type == STT_COMMON};
	if (out->is_tls)
		out->address = binding.symbol->st_value;
	/* Another object's resolver can run now; our own code cannot yet. */
	if (out->is_ifunc && !is_own) {
		out->address = rl_port_ifunc_call(out->address);
		out->is_ifunc = false;
	}
	return RL_OK;
}

enum rl_status rl_meaning_find(const struct rl_assembly *a, uint32_t index, const struct rl_meaning **out_meaning)
{
	struct rl_meaning *meaning = &a->draft->meanings[index];
	if (!meaning->is_known)
		RL_TRY(meaning_make(a, index, meaning));
	meaning->is_known = true;
	*out_meaning = meaning;
	return RL_OK;
}
