/* Loading a relocatable file: reading and checking it, giving its sections places, making its symbol table. */
#include "section.h"

#include <string.h>
#include <sys/mman.h>

#include "../../arch/section.h"
#include "../base/heap.h"
#include "../base/sys.h"
#include "../elf/table.h"
#include "assemble.h"
#include "draft.h"

enum { SIZE_LIMIT = 1 << 30, PHDR_COUNT = 4, EH_FRAME_END = 8, ALIGN_LIMIT = 4096 };

static enum rl_status bytes_read(const struct rl_file *file, struct rl_draft *draft)
{
	if (draft->size > SIZE_LIMIT)
		return RL_NO_MEMORY;
	draft->bytes = rl_heap_take(draft->size + 1);
	if (draft->bytes == NULL)
		return RL_NO_MEMORY;
	if (file->source != NULL)
		return file->source->read(file->source, draft->bytes, draft->size, 0) == 0 ? RL_OK : RL_FILE_UNREADABLE;
	for (size_t at = 0; at < draft->size;) {
		long count = rl_sys_read_at(file->fd, draft->bytes + at, draft->size - at, at);
		if (rl_sys_is_error(count) || count == 0)
			return RL_FILE_UNREADABLE;
		at += (size_t)count;
	}
	return RL_OK;
}

/* Bytes of a section in the file, or NULL. */
static char *section_bytes(const struct rl_draft *draft, const Elf64_Shdr *section, size_t entry)
{
	if (section->sh_offset > draft->size || section->sh_size > draft->size - section->sh_offset
	    || section->sh_offset % 8 != 0 || section->sh_size % entry != 0)
		return NULL;
	return draft->bytes + section->sh_offset;
}

static bool sections_find(struct rl_draft *draft)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)draft->bytes;
	draft->section_count = header->e_shnum;
	if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shnum == 0 || header->e_shoff % 8 != 0
	    || header->e_shoff > draft->size
	    || header->e_shnum > (draft->size - header->e_shoff) / sizeof(Elf64_Shdr))
		return false;
	draft->sections = (Elf64_Shdr *)(draft->bytes + header->e_shoff);
	for (size_t i = 0; i < draft->section_count; i++) {
		const Elf64_Shdr *section = &draft->sections[i];
		uint64_t align = section->sh_addralign;
		if (section->sh_size > SIZE_LIMIT || (align & (align - 1)) != 0 || align > ALIGN_LIMIT)
			return false;
		if (section->sh_type != SHT_NOBITS && section->sh_type != SHT_NULL
		    && (section->sh_offset > draft->size || section->sh_size > draft->size - section->sh_offset))
			return false;
	}
	return true;
}

/* The symbol table, whose names and section numbers are checked here for all that follows. */
static bool symbols_find(struct rl_draft *draft)
{
	const Elf64_Shdr *table = draft->sections, *end = table + draft->section_count;
	while (table < end && table->sh_type != SHT_SYMTAB)
		table++;
	if (table == end || table->sh_link >= draft->section_count)
		return false;
	const Elf64_Shdr *strings = &draft->sections[table->sh_link];
	draft->symbols = (Elf64_Sym *)section_bytes(draft, table, sizeof(Elf64_Sym));
	draft->symbol_count = table->sh_size / sizeof(Elf64_Sym);
	draft->strings = draft->bytes + strings->sh_offset;
	if (draft->symbols == NULL || strings->sh_type != SHT_STRTAB || strings->sh_size == 0
	    || draft->strings[strings->sh_size - 1] != '\0')
		return false;
	for (size_t i = 0; i < draft->symbol_count; i++) {
		const Elf64_Sym *symbol = &draft->symbols[i];
		if (symbol->st_name >= strings->sh_size
		    || (symbol->st_shndx >= draft->section_count && symbol->st_shndx != SHN_ABS
			&& symbol->st_shndx != SHN_COMMON))
			return false;
		if (symbol->st_shndx == SHN_COMMON
		    && (symbol->st_size > SIZE_LIMIT || (symbol->st_value & (symbol->st_value - 1)) != 0
			|| symbol->st_value > ALIGN_LIMIT))
			return false;
	}
	return true;
}

/* Which words of the GOT, which stubs, which addresses the relocations will want. */
static void needs_count(struct rl_draft *draft, const Elf64_Rela *rela, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t index = ELF64_R_SYM(rela[i].r_info);
		struct rl_section_kind kind = rl_section_kind(ELF64_R_TYPE(rela[i].r_info));
		if (index >= draft->symbol_count || kind.width == 0)
			continue; /* an error of relocation */
		const Elf64_Sym *symbol = &draft->symbols[index];
		bool is_ifunc = ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC;
		bool is_far = symbol->st_shndx == SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) == STB_WEAK || is_ifunc;
		bool wants_stub = is_far && index != 0
				  && (kind.value == RL_SECTION_CALL
				      || (kind.value == RL_SECTION_SYMBOL
					  && (is_ifunc || (kind.is_relative && kind.width == 4))));
		if ((wants_stub || kind.value == RL_SECTION_GOT) && draft->got_words[index] == 0)
			draft->got_words[index] = (uint32_t)++draft->got_count;
		if (wants_stub && draft->stubs[index] == 0)
			draft->stubs[index] = (uint32_t)++draft->stub_count;
		if (kind.value == RL_SECTION_TLS_INDEX && draft->got_words[index] == 0) {
			draft->got_words[index] = (uint32_t)draft->got_count + 1;
			draft->got_count += 2;
		}
		if (kind.value == RL_SECTION_TLS_MODULE && draft->local_module == 0) {
			draft->local_module = (uint32_t)draft->got_count + 1;
			draft->got_count += 2;
		}
		if (kind.value == RL_SECTION_SYMBOL && !kind.is_relative && kind.width == 4)
			draft->needs_low = true;
	}
}

static enum rl_status needs_find(struct rl_draft *draft)
{
	draft->places = rl_heap_take(draft->section_count * sizeof *draft->places);
	draft->got_words = rl_heap_take((draft->symbol_count + 1) * sizeof *draft->got_words);
	draft->stubs = rl_heap_take((draft->symbol_count + 1) * sizeof *draft->stubs);
	draft->phdrs = rl_heap_take(PHDR_COUNT * sizeof *draft->phdrs);
	if (draft->places == NULL || draft->got_words == NULL || draft->stubs == NULL || draft->phdrs == NULL)
		return RL_NO_MEMORY;
	for (size_t i = 0; i < draft->section_count; i++) {
		const Elf64_Shdr *section = &draft->sections[i];
		draft->places[i] = UINT64_MAX;
		if (section->sh_type == SHT_INIT_ARRAY)
			draft->init_count += section->sh_size / sizeof(uintptr_t);
		if (section->sh_type == SHT_FINI_ARRAY)
			draft->fini_count += section->sh_size / sizeof(uintptr_t);
		if (section->sh_type != SHT_RELA || section->sh_info >= draft->section_count
		    || !(draft->sections[section->sh_info].sh_flags & SHF_ALLOC))
			continue;
		const Elf64_Rela *rela = (const Elf64_Rela *)section_bytes(draft, section, sizeof *rela);
		if (rela == NULL)
			return RL_DYNAMIC_DAMAGED;
		needs_count(draft, rela, section->sh_size / sizeof *rela);
	}
	return RL_OK;
}

static uint64_t place_take(uint64_t *at, uint64_t size, uint64_t align)
{
	uint64_t place = align < 2 ? *at : (*at + align - 1) & -align;
	*at = place + size;
	return place;
}

static enum rl_draft_part part_of(const Elf64_Shdr *section)
{
	if (section->sh_flags & SHF_EXECINSTR)
		return RL_PART_CODE;
	return section->sh_flags & SHF_WRITE && !(section->sh_flags & SHF_TLS) ? RL_PART_WRITE : RL_PART_READ;
}

/* The initial image of thread-local variables: first what has content, then what is zero. */
static void tls_place(struct rl_draft *draft, uint64_t *at)
{
	Elf64_Phdr *phdr = &draft->phdrs[RL_PART_COUNT];
	uint64_t align = 1, filled = 0, start;
	for (size_t i = 0; i < draft->section_count; i++)
		if ((draft->sections[i].sh_flags & SHF_TLS) && draft->sections[i].sh_addralign > align)
			align = draft->sections[i].sh_addralign;
	start = place_take(at, 0, align);
	for (int is_zero = 0; is_zero < 2; is_zero++) {
		for (size_t i = 0; i < draft->section_count; i++) {
			const Elf64_Shdr *section = &draft->sections[i];
			if ((section->sh_flags & (SHF_TLS | SHF_ALLOC)) == (SHF_TLS | SHF_ALLOC)
			    && (section->sh_type == SHT_NOBITS) == is_zero)
				draft->places[i] = place_take(at, section->sh_size, section->sh_addralign);
		}
		if (!is_zero)
			filled = *at - start;
	}
	*phdr = (Elf64_Phdr){.p_type = *at == start ? PT_NULL : PT_TLS, .p_flags = PF_R, .p_vaddr = start,
			     .p_filesz = filled, .p_memsz = *at - start, .p_align = align};
}

static const char *section_name(const struct rl_draft *draft, const Elf64_Shdr *section)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)draft->bytes;
	if (header->e_shstrndx >= draft->section_count)
		return "";
	const Elf64_Shdr *names = &draft->sections[header->e_shstrndx];
	if (names->sh_type != SHT_STRTAB || section->sh_name >= names->sh_size
	    || draft->bytes[names->sh_offset + names->sh_size - 1] != '\0')
		return "";
	return draft->bytes + names->sh_offset + section->sh_name;
}

/* Places for everything, part by part. */
static uint64_t layout(struct rl_linker *linker, struct rl_draft *draft)
{
	static const uint32_t flags[] = {PF_R | PF_X, PF_R, PF_R | PF_W};
	uint64_t at = linker->page_size; /* a symbol of value 0 would be no definition */
	for (int part = 0; part < RL_PART_COUNT; part++) {
		draft->starts[part] = at = (at + linker->page_size - 1) & -linker->page_size;
		for (size_t i = 0; i < draft->section_count; i++) {
			const Elf64_Shdr *section = &draft->sections[i];
			if (!(section->sh_flags & SHF_ALLOC) || (section->sh_flags & SHF_TLS)
			    || (int)part_of(section) != part || section->sh_type == SHT_GROUP)
				continue;
			/* The unwinder wants a zero word behind the frames. */
			bool is_frames = strcmp(section_name(draft, section), ".eh_frame") == 0;
			draft->places[i] = place_take(&at, section->sh_size + (is_frames ? EH_FRAME_END : 0),
						      section->sh_addralign);
		}
		if (part == RL_PART_CODE)
			draft->stub_start = place_take(&at, draft->stub_count * RL_SECTION_STUB_SIZE,
						       RL_SECTION_STUB_SIZE);
		if (part == RL_PART_READ)
			tls_place(draft, &at);
		if (part == RL_PART_WRITE) {
			draft->got = place_take(&at, draft->got_count * sizeof(uintptr_t), sizeof(uintptr_t));
			draft->calls = place_take(&at, (draft->init_count + draft->fini_count) * sizeof(uintptr_t),
						  sizeof(uintptr_t));
			for (size_t i = 0; i < draft->symbol_count; i++)
				if (draft->symbols[i].st_shndx == SHN_COMMON)
					draft->symbols[i].st_value = place_take(&at, draft->symbols[i].st_size,
										draft->symbols[i].st_value);
			at += sizeof(uintptr_t); /* no part is empty */
		}
		draft->ends[part] = (at + linker->page_size - 1) & -linker->page_size;
		draft->phdrs[part] = (Elf64_Phdr){.p_type = draft->ends[part] == draft->starts[part] ? PT_NULL : PT_LOAD,
						  .p_flags = flags[part],
						  .p_vaddr = draft->starts[part],
						  .p_filesz = draft->ends[part] - draft->starts[part],
						  .p_memsz = draft->ends[part] - draft->starts[part],
						  .p_align = linker->page_size};
	}
	return draft->ends[RL_PART_WRITE];
}

static enum rl_status memory_map(struct rl_draft *draft, struct rl_object *object, uint64_t end)
{
	enum { LOW = 0x40 /* MAP_32BIT */ };
	uint64_t size = end - draft->starts[RL_PART_CODE];
	long start = rl_sys_map(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | (draft->needs_low ? LOW : 0),
				-1, 0);
	if (rl_sys_is_error(start))
		return RL_MAP_SEGMENT;
	object->map_start = (uintptr_t)start;
	object->map_end = object->map_start + size;
	object->owns_map = object->is_contiguous = true;
	char *base = (char *)start - draft->starts[RL_PART_CODE];
	for (size_t i = 0; i < draft->section_count; i++) {
		const Elf64_Shdr *section = &draft->sections[i];
		if (draft->places[i] == UINT64_MAX)
			continue;
		if (section->sh_type != SHT_NOBITS)
			memcpy(base + draft->places[i], draft->bytes + section->sh_offset, section->sh_size);
		if (strcmp(section_name(draft, section), ".eh_frame") == 0 && section->sh_size != 0)
			object->eh_frames = base + draft->places[i];
	}
	const Elf64_Phdr *tls = &draft->phdrs[RL_PART_COUNT];
	object->tls = (struct rl_tls_block){.image = base + tls->p_vaddr,
					    .image_size = tls->p_filesz,
					    .size = tls->p_memsz,
					    .align = tls->p_align};
	object->image = rl_image_make((uintptr_t)base, draft->phdrs, PHDR_COUNT);
	object->phdr = draft->phdrs;
	object->owns_phdr = true;
	draft->phdrs = NULL;
	object->dynamic.init_array = (struct rl_table){base + draft->calls, draft->init_count};
	object->dynamic.fini_array = (struct rl_table){
		base + draft->calls + draft->init_count * sizeof(uintptr_t), draft->fini_count};
	object->stack_flags = PF_R | PF_W;
	return RL_OK;
}

/* Values become places, and what others may find goes into the object's table. */
static enum rl_status exports_make(struct rl_draft *draft, struct rl_object *object)
{
	uint64_t tls_start = object->image.phdrs[RL_PART_COUNT].p_vaddr;
	size_t strings_size = (size_t)(draft->bytes + draft->size - draft->strings), count = 0;
	Elf64_Sym *exported = rl_heap_take((draft->symbol_count + 1) * sizeof *exported);
	object->strings = rl_heap_take(strings_size + 1);
	if (exported == NULL || object->strings == NULL) {
		rl_heap_give(exported);
		return RL_NO_MEMORY;
	}
	memcpy(object->strings, draft->strings, strings_size);
	for (size_t i = 1; i < draft->symbol_count; i++) {
		Elf64_Sym *symbol = &draft->symbols[i];
		if (symbol->st_shndx == SHN_UNDEF)
			continue;
		if (symbol->st_shndx != SHN_ABS && symbol->st_shndx != SHN_COMMON) {
			if (draft->places[symbol->st_shndx] == UINT64_MAX)
				continue; /* debugging sections */
			symbol->st_value += draft->places[symbol->st_shndx];
			if (ELF64_ST_TYPE(symbol->st_info) == STT_TLS)
				symbol->st_value -= tls_start;
		}
		unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other), type = ELF64_ST_TYPE(symbol->st_info);
		if (ELF64_ST_BIND(symbol->st_info) == STB_LOCAL || visibility == STV_HIDDEN
		    || visibility == STV_INTERNAL || type == STT_SECTION || type == STT_FILE)
			continue;
		exported[count] = *symbol;
		if (symbol->st_shndx == SHN_COMMON)
			exported[count].st_info = ELF64_ST_INFO(ELF64_ST_BIND(symbol->st_info), STT_OBJECT);
		if (symbol->st_shndx != SHN_ABS)
			exported[count].st_shndx = 1;
		count++;
	}
	struct rl_symbol_list list = {exported, count, object->strings, strings_size + 1, NULL};
	enum rl_status status = rl_symbols_make(&list, &object->symbols, &object->tables);
	rl_heap_give(exported);
	return status;
}

static void drop(struct rl_object *object)
{
	struct rl_draft *draft = object->draft;
	if (draft == NULL)
		return;
	rl_heap_give(draft->bytes);
	rl_heap_give(draft->places);
	rl_heap_give(draft->got_words);
	rl_heap_give(draft->stubs);
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
	draft->size = file_size;
	enum rl_status status = bytes_read(file, draft);
	if (status == RL_OK && (!sections_find(draft) || !symbols_find(draft)))
		status = RL_DYNAMIC_DAMAGED;
	if (status == RL_OK)
		status = needs_find(draft);
	if (status == RL_OK)
		status = memory_map(draft, object, layout(linker, draft));
	if (status == RL_OK)
		status = exports_make(draft, object);
	return status == RL_OK ? RL_OK : rl_fail(diag, status, .subject = object->path);
}

const struct rl_object_files rl_object_files = {load, rl_draft_assemble, drop};
