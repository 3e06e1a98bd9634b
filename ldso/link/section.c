/* Loading a relocatable file: reading it, and finding out what its relocations will want. */
#include "section.h"

#include <string.h>

#include "../base/heap.h"
#include "assemble.h"
#include "draft.h"

static enum rl_status bytes_read(const struct rl_file *file, struct rl_draft *draft, size_t size, int *out_error)
{
	if (size > RL_RELOCATABLE_LIMIT || (draft->file.bytes = rl_heap_take(size + 1)) == NULL)
		return RL_NO_MEMORY;
	*out_error = rl_file_read(file, draft->file.bytes, size, 0);
	return *out_error == 0 ? RL_OK : RL_FILE_UNREADABLE;
}

static uint32_t words_take(struct rl_draft *draft, uint32_t count)
{
	draft->got_count += count;
	return (uint32_t)draft->got_count - count + 1;
}

/* A reference that may mean something far away. */
static bool is_far(const struct rl_draft *draft, uint32_t index)
{
	const Elf64_Sym *symbol = &draft->file.symbols[index];
	return symbol->st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) == STB_WEAK
	       || ELF64_ST_BIND(symbol->st_info) == STB_GNU_UNIQUE || ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC;
}

/* GOT words and stubs for one relocation. */
static void wants_count(struct rl_draft *draft, uint32_t index, const struct rl_section_kind *kind)
{
	struct rl_draft_wants *wants = &draft->wants[index];
	bool is_ifunc = ELF64_ST_TYPE(draft->file.symbols[index].st_info) == STT_GNU_IFUNC;
	bool is_call = kind->value == RL_SECTION_CALL || kind->value == RL_SECTION_CALL_FROM_GOT;
	bool is_narrow = kind->value == RL_SECTION_SYMBOL && kind->width == 4;
	bool is_choice = is_ifunc && kind->value == RL_SECTION_SYMBOL;
	bool wants_stub = index != 0 && is_far(draft, index) && (is_call || is_narrow || is_choice);
	if ((wants_stub || kind->value == RL_SECTION_GOT || kind->value == RL_SECTION_GOT_DISTANCE) && wants->word == 0)
		wants->word = words_take(draft, 1);
	if (wants_stub && wants->stub == 0) {
		wants->stub = (uint32_t)++draft->stub_count;
		draft->copy_count += is_narrow && !is_ifunc; /* data or function: the file does not say */
	}
	if (kind->value == RL_SECTION_TLS_INDEX && wants->index == 0)
		wants->index = words_take(draft, 2);
	if (kind->value == RL_SECTION_TLS_WORD && wants->offset == 0)
		wants->offset = words_take(draft, 1);
	if (kind->value == RL_SECTION_TLS_DESCRIPTOR && wants->descriptor == 0)
		wants->descriptor = words_take(draft, 2);
	if (kind->value == RL_SECTION_TLS_MODULE && draft->local_module == 0)
		draft->local_module = words_take(draft, 2);
	if (is_narrow && !kind->is_relative)
		draft->needs_low = true;
}

/* The number behind the last dot of .init_array.00101; those without one come last. */
static unsigned long rank_read(const char *name)
{
	const char *dot = NULL;
	unsigned long value = 0;
	for (const char *c = name; *c != '\0'; c++)
		if (*c == '.')
			dot = c;
	if (dot == NULL || dot == name || dot[1] == '\0')
		return UINT32_MAX;
	for (const char *c = dot + 1; *c != '\0'; c++) {
		if (*c < '0' || *c > '9' || value > UINT16_MAX)
			return UINT32_MAX;
		value = value * 10 + (unsigned long)(*c - '0');
	}
	return value;
}

bool rl_draft_holds_calls(const struct rl_draft *draft, const Elf64_Shdr *section, bool is_init,
			  unsigned long *out_rank, bool *out_is_reversed)
{
	enum { OLD_LAST = 65535 };
	const char *name = rl_relocatable_name(&draft->file, section), *old = is_init ? ".ctors" : ".dtors";
	size_t length = strlen(old);
	if (!(section->sh_flags & SHF_ALLOC) || section->sh_type == SHT_NOBITS)
		return false;
	*out_rank = rank_read(name);
	*out_is_reversed = section->sh_type == SHT_PROGBITS;
	if (section->sh_type == (is_init ? SHT_INIT_ARRAY : SHT_FINI_ARRAY))
		return true;
	if (section->sh_type != SHT_PROGBITS || strncmp(name, old, length) != 0
	    || (name[length] != '\0' && name[length] != '.'))
		return false;
	if (*out_rank <= OLD_LAST) /* the old numbers count the other way */
		*out_rank = OLD_LAST - *out_rank;
	return true;
}

static void section_count(struct rl_draft *draft, const Elf64_Shdr *section)
{
	unsigned long rank;
	bool is_reversed;
	if (rl_draft_holds_calls(draft, section, true, &rank, &is_reversed))
		draft->init_count += section->sh_size / sizeof(uintptr_t);
	if (rl_draft_holds_calls(draft, section, false, &rank, &is_reversed))
		draft->fini_count += section->sh_size / sizeof(uintptr_t);
	if (section->sh_type != SHT_RELA || !(draft->file.sections[section->sh_info].sh_flags & SHF_ALLOC))
		return;
	size_t count;
	const Elf64_Rela *rela = rl_relocatable_array(&draft->file, section, sizeof *rela, &count);
	for (size_t i = 0; i < count; i++) {
		uint32_t index = ELF64_R_SYM(rela[i].r_info);
		struct rl_section_kind kind = rl_section_kind(ELF64_R_TYPE(rela[i].r_info));
		if (index < draft->file.symbol_count && kind.width != 0) /* else an error of relocation */
			wants_count(draft, index, &kind);
	}
}

/* Whoever registers destructors with __dso_handle wants them called when the object goes: crtbegin.o does it for
 * libraries. */
static void handle_count(struct rl_draft *draft)
{
	for (size_t i = 1; i < draft->file.symbol_count; i++)
		if (draft->file.symbols[i].st_shndx == SHN_UNDEF && draft->finish_word == 0
		    && strcmp(draft->file.strings + draft->file.symbols[i].st_name, "__dso_handle") == 0) {
			draft->finish_word = words_take(draft, 1);
			draft->fini_count++;
		}
}

static enum rl_status wants_find(struct rl_draft *draft)
{
	const struct rl_relocatable *file = &draft->file;
	draft->places = rl_heap_take(file->section_count * sizeof *draft->places);
	draft->values = rl_heap_take(file->symbol_count * sizeof *draft->values);
	draft->wants = rl_heap_take(file->symbol_count * sizeof *draft->wants);
	draft->meanings = rl_heap_take(file->symbol_count * sizeof *draft->meanings);
	draft->phdrs = rl_heap_take(RL_DRAFT_PHDRS * sizeof *draft->phdrs);
	if (draft->places == NULL || draft->values == NULL || draft->wants == NULL || draft->meanings == NULL
	    || draft->phdrs == NULL)
		return RL_NO_MEMORY;
	for (size_t i = 0; i < file->section_count; i++) {
		draft->places[i] = UINT64_MAX;
		section_count(draft, &file->sections[i]);
	}
	handle_count(draft);
	return RL_OK;
}

static void drop(struct rl_object *object)
{
	struct rl_draft *draft = object->draft;
	if (draft == NULL)
		return;
	rl_heap_give(draft->file.bytes);
	rl_heap_give(draft->places);
	rl_heap_give(draft->values);
	rl_heap_give(draft->wants);
	rl_heap_give(draft->meanings);
	rl_heap_give(draft->phdrs);
	rl_heap_give(draft);
	object->draft = NULL;
}

static enum rl_status load(struct rl_linker *linker, const struct rl_file *file, uint64_t file_size,
			   struct rl_object *object, struct rl_diag *diag)
{
	struct rl_draft *draft = rl_heap_take(sizeof *draft);
	if (draft == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .subject = object->path);
	object->draft = draft;
	object->needs_known = object->is_relocatable = true;
	int error = 0;
	enum rl_status status = bytes_read(file, draft, file_size, &error);
	if (status == RL_OK)
		status = rl_relocatable_read(draft->file.bytes, file_size, &draft->file);
	if (status == RL_OK)
		status = wants_find(draft);
	if (status == RL_OK)
		status = rl_draft_arrange(linker, draft, object, &error);
	return status == RL_OK ? RL_OK : rl_fail(diag, status, .subject = object->path, .error_number = error);
}

const char *rl_draft_symbol(const struct rl_object *object, uint32_t index)
{
	const struct rl_relocatable *file = &object->draft->file;
	return index < file->symbol_count ? file->strings + file->symbols[index].st_name : "";
}

static bool look(const struct rl_object *object, const struct rl_relocatable **out_file, const uint64_t **out_places)
{
	if (object->draft == NULL)
		return false;
	*out_file = &object->draft->file;
	*out_places = object->draft->places;
	return true;
}

const struct rl_object_files rl_object_files = {load, rl_draft_assemble, drop, look};
