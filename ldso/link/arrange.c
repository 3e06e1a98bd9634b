/* Places for the sections of a relocatable file, memory for them, and the symbols that others may find. */
#include <string.h>
#include <sys/mman.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "../elf/table.h"
#include "draft.h"
#include "memory.h"

/* 32-bit distances must reach everything. */
#define SIZE_LIMIT (UINT64_C(1) << 31)

/* Room for a copy, on average. */
enum { COPY_SIZE = 64, COPY_ALIGN = 16 };

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

static bool is_frames(const struct rl_draft *draft, const Elf64_Shdr *section)
{
	return strcmp(rl_relocatable_name(&draft->file, section), ".eh_frame") == 0 && section->sh_type != SHT_NOBITS;
}

/* The initial image of thread-local variables: first what has content, then what is zero. */
static void tls_place(struct rl_draft *draft, uint64_t *at)
{
	const struct rl_relocatable *file = &draft->file;
	uint64_t align = 1, filled = 0, start;
	for (size_t i = 0; i < file->section_count; i++)
		if ((file->sections[i].sh_flags & SHF_TLS) && file->sections[i].sh_addralign > align)
			align = file->sections[i].sh_addralign;
	start = place_take(at, 0, align);
	for (int is_zero = 0; is_zero < 2; is_zero++) {
		for (size_t i = 0; i < file->section_count; i++) {
			const Elf64_Shdr *section = &file->sections[i];
			if ((section->sh_flags & (SHF_TLS | SHF_ALLOC)) == (SHF_TLS | SHF_ALLOC)
			    && (section->sh_type == SHT_NOBITS) == is_zero)
				draft->places[i] = place_take(at, section->sh_size, section->sh_addralign);
		}
		if (!is_zero)
			filled = *at - start;
	}
	draft->phdrs[RL_DRAFT_TLS] = (Elf64_Phdr){.p_type = *at == start ? PT_NULL : PT_TLS, .p_flags = PF_R,
						  .p_vaddr = start, .p_filesz = filled, .p_memsz = *at - start,
						  .p_align = align};
}

/* The lists of frames stand together, without gaps, and a zero word ends them. */
static void frames_place(struct rl_draft *draft, uint64_t *at)
{
	enum { END = 8, HEADER = 8 };
	for (size_t i = 0; i < draft->file.section_count; i++) {
		const Elf64_Shdr *section = &draft->file.sections[i];
		if (!(section->sh_flags & SHF_ALLOC) || part_of(section) != RL_PART_READ || !is_frames(draft, section)
		    || section->sh_size == 0)
			continue;
		draft->places[i] = place_take(at, section->sh_size, draft->frames == 0 ? section->sh_addralign : 4);
		if (draft->frames == 0)
			draft->frames = draft->places[i];
	}
	if (draft->frames == 0)
		return;
	place_take(at, END, 4);
	draft->frames_header = place_take(at, HEADER, 8);
	draft->phdrs[RL_DRAFT_FRAMES] = (Elf64_Phdr){.p_type = PT_GNU_EH_FRAME, .p_flags = PF_R,
						     .p_vaddr = draft->frames_header, .p_filesz = HEADER,
						     .p_memsz = HEADER, .p_align = 4};
}

static void commons_place(struct rl_draft *draft, uint64_t *at)
{
	for (size_t i = 1; i < draft->file.symbol_count; i++)
		if (rl_relocatable_section(&draft->file, i) == RL_SECTION_COMMON)
			draft->values[i] = place_take(at, draft->file.symbols[i].st_size,
						      draft->file.symbols[i].st_value);
}

/* What a part has besides sections. */
static void extras_place(struct rl_draft *draft, int part, uint64_t *at)
{
	if (part == RL_PART_CODE) {
		draft->stub_start = place_take(at, draft->stub_count * RL_SECTION_STUB_SIZE, RL_SECTION_STUB_SIZE);
		if (draft->finish_word != 0)
			draft->finish = place_take(at, RL_SECTION_FINISH_SIZE, RL_SECTION_STUB_SIZE);
	} else if (part == RL_PART_READ) {
		tls_place(draft, at);
		frames_place(draft, at);
		draft->copies = place_take(at, draft->copy_count * COPY_SIZE, COPY_ALIGN);
		draft->copies_end = draft->copies + draft->copy_count * COPY_SIZE;
	} else {
		draft->got = place_take(at, draft->got_count * sizeof(uintptr_t), sizeof(uintptr_t));
		draft->calls = place_take(at, (draft->init_count + draft->fini_count) * sizeof(uintptr_t),
					  sizeof(uintptr_t));
		commons_place(draft, at);
		draft->handle = place_take(at, sizeof(uintptr_t), sizeof(uintptr_t)); /* no part is empty, too */
	}
}

/* Places for everything, part by part; returns the end. */
static uint64_t layout(struct rl_draft *draft, size_t page_size)
{
	static const uint32_t flags[] = {PF_R | PF_X, PF_R, PF_R | PF_W};
	uint64_t at = page_size; /* a symbol of value 0 would be no definition */
	for (int part = 0; part < RL_PART_COUNT; part++) {
		draft->starts[part] = at = (at + page_size - 1) & -page_size;
		for (size_t i = 0; i < draft->file.section_count; i++) {
			const Elf64_Shdr *section = &draft->file.sections[i];
			if (!(section->sh_flags & SHF_ALLOC) || (section->sh_flags & SHF_TLS)
			    || (int)part_of(section) != part || section->sh_type == SHT_GROUP
			    || (part == RL_PART_READ && is_frames(draft, section)))
				continue;
			draft->places[i] = place_take(&at, section->sh_size, section->sh_addralign);
		}
		extras_place(draft, part, &at);
		draft->ends[part] = (at + page_size - 1) & -page_size;
		uint64_t size = draft->ends[part] - draft->starts[part];
		draft->phdrs[part] = (Elf64_Phdr){.p_type = size == 0 ? PT_NULL : PT_LOAD,
						  .p_flags = flags[part],
						  .p_vaddr = draft->starts[part],
						  .p_filesz = size,
						  .p_memsz = size,
						  .p_align = page_size};
	}
	return draft->ends[RL_PART_WRITE];
}

static void sections_copy(const struct rl_draft *draft, char *base)
{
	for (size_t i = 0; i < draft->file.section_count; i++) {
		const Elf64_Shdr *section = &draft->file.sections[i];
		if (draft->places[i] != UINT64_MAX && section->sh_type != SHT_NOBITS)
			memcpy(base + draft->places[i], draft->file.bytes + section->sh_offset, section->sh_size);
	}
}

/* A header without a table: unwinders go through the list. */
static void frames_header_write(const struct rl_draft *draft, char *base, struct rl_object *object)
{
	static const unsigned char start[] = {1 /* version */, 0x1b /* from here, 4 bytes */, 0xff, 0xff /* no table */};
	int32_t distance = (int32_t)(draft->frames - (draft->frames_header + sizeof start));
	if (draft->frames == 0)
		return;
	memcpy(base + draft->frames_header, start, sizeof start);
	memcpy(base + draft->frames_header + sizeof start, &distance, sizeof distance);
	object->eh_frames = base + draft->frames;
	object->eh_frame_header = base + draft->frames_header;
}

/* SIZE bytes that can be written, as the object's mapping. */
static int memory_take(struct rl_object *object, size_t size, size_t page_size, bool is_low)
{
	const int protection = PROT_READ | PROT_WRITE;
	const struct rl_memory *memory = object->memory;
	uintptr_t start;
	bool is_empty;
	if (memory == NULL) {
		long result = rl_sys_map(0, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | (is_low ? RL_MAP_LOW : 0), -1, 0);
		if (rl_sys_is_error(result))
			return (int)-result;
		start = (uintptr_t)result;
	} else {
		struct rl_reservation wanted = {object->path, size, page_size, 0, is_low ? SIZE_LIMIT : 0};
		int error = memory->reserve(memory, &wanted, &start);
		if (error != 0)
			return error;
	}
	object->map_start = start;
	object->map_end = start + size;
	object->owns_map = object->is_contiguous = true;
	if (memory == NULL)
		return 0;
	int error = memory->fill(memory, &(struct rl_memory_piece){start, size, protection, -1, 0, 0, true}, &is_empty);
	if (error == 0)
		memory->ready(memory, start, size);
	return error;
}

static enum rl_status memory_fill(struct rl_draft *draft, struct rl_object *object, uint64_t end, size_t page_size,
				  int *out_error)
{
	if (end >= SIZE_LIMIT)
		return RL_NO_MEMORY;
	*out_error = memory_take(object, end - draft->starts[RL_PART_CODE], page_size, draft->needs_low);
	if (*out_error != 0)
		return RL_MAP_SEGMENT;
	char *base = (char *)object->map_start - draft->starts[RL_PART_CODE];
	sections_copy(draft, base);
	frames_header_write(draft, base, object);
	const Elf64_Phdr *tls = &draft->phdrs[RL_DRAFT_TLS];
	object->tls = (struct rl_tls_block){.image = base + tls->p_vaddr,
					    .image_size = tls->p_filesz,
					    .size = tls->p_memsz,
					    .align = tls->p_align};
	object->image = rl_image_make((uintptr_t)base, draft->phdrs, RL_DRAFT_PHDRS);
	object->phdr = draft->phdrs;
	object->owns_phdr = true;
	draft->phdrs = NULL;
	object->stack_flags = PF_R | PF_W;
	return RL_OK;
}

/* Values become places. */
static void values_find(struct rl_draft *draft, uint64_t tls_start)
{
	for (size_t i = 1; i < draft->file.symbol_count; i++) {
		const Elf64_Sym *symbol = &draft->file.symbols[i];
		uint32_t section = rl_relocatable_section(&draft->file, i);
		if (section == RL_SECTION_COMMON)
			continue; /* has its place */
		draft->values[i] = symbol->st_value;
		if (section == SHN_UNDEF || section == RL_SECTION_ABSOLUTE || draft->places[section] == UINT64_MAX)
			continue;
		draft->values[i] += draft->places[section];
		if (draft->file.sections[section].sh_flags & SHF_TLS)
			draft->values[i] -= tls_start;
	}
}

static bool is_exported(const struct rl_draft *draft, size_t index)
{
	const Elf64_Sym *symbol = &draft->file.symbols[index];
	uint32_t section = rl_relocatable_section(&draft->file, index);
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other), type = ELF64_ST_TYPE(symbol->st_info);
	if (section < draft->file.section_count && (section == SHN_UNDEF || draft->places[section] == UINT64_MAX))
		return false;
	return ELF64_ST_BIND(symbol->st_info) != STB_LOCAL && visibility != STV_HIDDEN && visibility != STV_INTERNAL
	       && type != STT_SECTION && type != STT_FILE;
}

/* The version in NAME@VERSION or, the default one, NAME@@VERSION; NULL: none. */
static const char *version_part(const char *name, bool *out_is_default)
{
	const char *at = strchr(name, '@');
	if (at == NULL || at == name)
		return NULL;
	*out_is_default = at[1] == '@';
	return at + 1 + *out_is_default;
}

enum { VERSION_PLAIN = 1 /* VER_NDX_GLOBAL */, VERSION_FIRST, VERSION_HIDDEN = 0x8000 };

/* The number of the version STRING, which is the object's. */
static Elf64_Half version_number(struct rl_symbols *symbols, const char *string)
{
	for (size_t i = VERSION_FIRST; i < symbols->version_count; i++)
		if (strcmp(symbols->versions[i].name, string) == 0)
			return (Elf64_Half)i;
	symbols->versions[symbols->version_count] = (struct rl_version){.name = string, .hash = rl_hash_sysv(string)};
	return (Elf64_Half)symbols->version_count++;
}

/* Cut what names have behind an @ (.symver), and number it. */
static enum rl_status versions_make(const struct rl_symbol_list *list, size_t versioned_count, char *strings,
				    struct rl_symbols *out, Elf64_Half *numbers)
{
	if (versioned_count >= VERSION_HIDDEN - VERSION_FIRST)
		return RL_NO_MEMORY;
	out->versions = rl_heap_take((versioned_count + VERSION_FIRST) * sizeof *out->versions);
	if (out->versions == NULL)
		return RL_NO_MEMORY;
	out->version_count = VERSION_FIRST;
	for (size_t i = 0; i < list->count; i++) {
		bool is_default = true;
		char *name = strings + list->symbols[i].st_name;
		const char *version = version_part(name, &is_default);
		numbers[i] = version == NULL ? VERSION_PLAIN : version_number(out, version);
		if (!is_default)
			numbers[i] |= VERSION_HIDDEN;
		if (version != NULL)
			*strchr(name, '@') = '\0';
	}
	return RL_OK;
}

/* The object's table of LIST, whose names STRINGS has, as the file has them. */
static enum rl_status table_make(struct rl_symbol_list *list, size_t versioned_count, struct rl_object *object)
{
	struct rl_symbols versions = {.versions = NULL};
	Elf64_Half *numbers = versioned_count == 0 ? NULL : rl_heap_take((list->count + 1) * sizeof *numbers);
	enum rl_status status = RL_OK;
	if (versioned_count != 0)
		status = numbers == NULL ? RL_NO_MEMORY
					 : versions_make(list, versioned_count, object->strings, &versions, numbers);
	list->versions = numbers;
	if (status == RL_OK)
		status = rl_symbols_make(list, &object->symbols, &object->tables);
	object->symbols.versions = versions.versions; /* the object's, also if it failed */
	object->symbols.version_count = versions.version_count;
	rl_heap_give(numbers);
	return status;
}

/* What others may find goes into the object's table. */
static enum rl_status exports_make(struct rl_draft *draft, struct rl_object *object)
{
	const struct rl_relocatable *file = &draft->file;
	size_t count = 0, used = 1, size = 1, versioned_count = 0;
	bool is_default;
	for (size_t i = 1; i < file->symbol_count; i++)
		if (is_exported(draft, i)) {
			const char *name = file->strings + file->symbols[i].st_name;
			count++;
			size += strlen(name) + 1;
			versioned_count += version_part(name, &is_default) != NULL;
		}
	Elf64_Sym *exported = rl_heap_take((count + 1) * sizeof *exported);
	char *strings = object->strings = rl_heap_take(size);
	if (exported == NULL || strings == NULL) {
		rl_heap_give(exported);
		return RL_NO_MEMORY;
	}
	count = 0;
	for (size_t i = 1; i < file->symbol_count; i++) {
		if (!is_exported(draft, i))
			continue;
		Elf64_Sym *symbol = &exported[count++];
		const char *name = file->strings + file->symbols[i].st_name;
		uint32_t section = rl_relocatable_section(file, i);
		*symbol = file->symbols[i];
		if (section == RL_SECTION_COMMON)
			symbol->st_info = ELF64_ST_INFO(ELF64_ST_BIND(symbol->st_info), STT_OBJECT);
		symbol->st_shndx = section == RL_SECTION_ABSOLUTE ? SHN_ABS : 1;
		symbol->st_value = draft->values[i];
		symbol->st_name = (uint32_t)used;
		memcpy(strings + used, name, strlen(name) + 1);
		used += strlen(name) + 1;
	}
	struct rl_symbol_list list = {exported, count, strings, size, NULL};
	enum rl_status status = table_make(&list, versioned_count, object);
	rl_heap_give(exported);
	return status;
}

enum rl_status rl_draft_arrange(struct rl_linker *linker, struct rl_draft *draft, struct rl_object *object,
				int *out_error)
{
	size_t page_size = rl_memory_page(object->memory, linker->page_size);
	RL_TRY(memory_fill(draft, object, layout(draft, page_size), page_size, out_error));
	values_find(draft, object->image.phdrs[RL_DRAFT_TLS].p_vaddr);
	return exports_make(draft, object);
}
