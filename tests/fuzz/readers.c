/* The readers of the dynamic section, symbols and versions over an image laid out from any file.  Every segment is a
 * heap block's worth of memory and what lies between is poisoned, so that a read outside is seen. */
#include "fuzz.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/elf/versions.h"

enum { IMAGE_LIMIT = 1 << 20, PHDR_LIMIT = 64 };

/* A file as it would be mapped. */
struct layout {
	char *memory;
	size_t size;
	uint64_t start; /* lowest vaddr */
	Elf64_Phdr phdrs[PHDR_LIMIT];
	size_t count;
	uint64_t dynamic_vaddr;
};

static int span_take(struct layout *layout)
{
	uint64_t end = 0;
	int has_load = 0;
	for (size_t i = 0; i < layout->count; i++) {
		const Elf64_Phdr *phdr = &layout->phdrs[i];
		if (phdr->p_type == PT_DYNAMIC)
			layout->dynamic_vaddr = phdr->p_vaddr;
		if (phdr->p_type != PT_LOAD || phdr->p_memsz == 0)
			continue;
		/* What the mapper refuses. */
		if (phdr->p_filesz > phdr->p_memsz || phdr->p_vaddr + phdr->p_memsz < phdr->p_vaddr)
			return 0;
		if (has_load && phdr->p_vaddr < end)
			return 0;
		if (!has_load)
			layout->start = phdr->p_vaddr & -(uint64_t)4096;
		has_load = 1;
		end = phdr->p_vaddr + phdr->p_memsz;
		if (end - layout->start > IMAGE_LIMIT)
			return 0;
	}
	layout->size = has_load ? end - layout->start : 0;
	return has_load;
}

static int layout_make(struct layout *layout, const uint8_t *data, size_t size)
{
	Elf64_Ehdr header;
	if (size < sizeof header)
		return 0;
	memcpy(&header, data, sizeof header);
	layout->count = header.e_phnum < PHDR_LIMIT ? header.e_phnum : PHDR_LIMIT;
	if (header.e_phoff > size || layout->count * sizeof(Elf64_Phdr) > size - header.e_phoff)
		return 0;
	memcpy(layout->phdrs, data + header.e_phoff, layout->count * sizeof(Elf64_Phdr));
	if (!span_take(layout))
		return 0;
	layout->memory = aligned_alloc(4096, (layout->size + 4095) & -(size_t)4096);
	if (layout->memory == NULL)
		return 0;
	memset(layout->memory, 0, layout->size);
	__asan_poison_memory_region(layout->memory, layout->size);
	for (size_t i = 0; i < layout->count; i++) {
		const Elf64_Phdr *phdr = &layout->phdrs[i];
		if (phdr->p_type != PT_LOAD || phdr->p_memsz == 0)
			continue;
		if ((phdr->p_flags & (PF_R | PF_W)) == 0)
			continue;
		char *place = layout->memory + (phdr->p_vaddr - layout->start);
		__asan_unpoison_memory_region(place, phdr->p_memsz);
		if (phdr->p_offset < size)
			memcpy(place, data + phdr->p_offset,
			       phdr->p_filesz < size - phdr->p_offset ? phdr->p_filesz : size - phdr->p_offset);
	}
	return 1;
}

static volatile unsigned long touched;

static void table_touch(const struct rl_table *table, size_t size)
{
	const unsigned char *bytes = table->start;
	for (size_t i = 0; i < table->count * size; i++)
		touched += bytes[i];
}

static void dynamic_touch(const struct rl_dynamic *dynamic)
{
	table_touch(&dynamic->rela, sizeof(Elf64_Rela));
	table_touch(&dynamic->plt, sizeof(Elf64_Rela));
	table_touch(&dynamic->relr, sizeof(uint64_t));
	table_touch(&dynamic->preinit_array, sizeof(uintptr_t));
	table_touch(&dynamic->init_array, sizeof(uintptr_t));
	table_touch(&dynamic->fini_array, sizeof(uintptr_t));
	if (dynamic->relative_count > dynamic->rela.count)
		abort();
	const char *names[] = {dynamic->soname, dynamic->rpath, dynamic->runpath};
	for (size_t i = 0; i < 3; i++)
		touched += names[i] == NULL ? 0 : strlen(names[i]);
	for (size_t i = 0; i < dynamic->entry_count; i++) {
		const char *string = rl_dynamic_string(dynamic, dynamic->entries[i].d_un.d_val);
		touched += string == NULL ? 0 : strlen(string);
	}
}

/* Look for names the table has, names it has not, with and without versions. */
static void symbols_touch(const struct rl_symbols *symbols)
{
	static const char *const names[] = {"", "a", "seed_data", "seed_call", "missing", "malloc", "_init"};
	static const struct rl_version version = {.name = "SEED_2", .hash = 0x0a7eb532, .is_hidden = true};
	size_t count = rl_symbols_count(symbols);
	if (count > symbols->symbol_limit)
		abort();
	for (size_t i = 0; i < sizeof names / sizeof *names + (count < 50 ? count : 50); i++) {
		const char *string = names[0];
		if (i < sizeof names / sizeof *names)
			string = names[i];
		else if (symbols->symbols[i - sizeof names / sizeof *names].st_name < symbols->strings_size)
			string = symbols->strings + symbols->symbols[i - sizeof names / sizeof *names].st_name;
		struct rl_name name = rl_name_make(string);
		struct rl_want wants[] = {
			{0}, {.newest = true}, {.version = &version}, {.skip_undefined_functions = true}};
		for (size_t j = 0; j < sizeof wants / sizeof *wants; j++) {
			const Elf64_Sym *found = rl_symbols_find(symbols, &name, &wants[j]);
			touched += found == NULL ? 0 : found->st_value;
		}
	}
}

static void needs_touch(const struct rl_image *image, const struct rl_dynamic *dynamic)
{
	struct rl_need_cursor cursor = rl_need_start(image, dynamic);
	struct rl_need need;
	enum rl_status status;
	while (rl_need_next(&cursor, &need, &status))
		touched += strlen(need.file) + strlen(need.version);
}

static void image_read(const struct layout *layout)
{
	struct rl_image image = rl_image_make((uintptr_t)layout->memory - layout->start, layout->phdrs, layout->count);
	struct rl_dynamic dynamic;
	struct rl_symbols symbols;
	struct rl_version_table table = {0};
	if (rl_dynamic_read(&image, layout->dynamic_vaddr, &dynamic) != RL_OK)
		return;
	dynamic_touch(&dynamic);
	needs_touch(&image, &dynamic);
	if (rl_symbols_read(&dynamic, &symbols) != RL_OK || rl_versions_read(&image, &dynamic, &table) != RL_OK)
		return;
	symbols.versions = table.versions;
	symbols.version_count = table.count;
	for (size_t i = 0; i < table.count; i++)
		if (table.versions[i].name != NULL)
			touched += strlen(table.versions[i].name);
	symbols_touch(&symbols);
	rl_heap_give(table.versions);
	fuzz_accepted++;
}

int fuzz_readers(const uint8_t *data, size_t size)
{
	struct layout layout = {0};
	if (layout_make(&layout, data, size))
		image_read(&layout);
	if (layout.memory != NULL)
		__asan_unpoison_memory_region(layout.memory, layout.size);
	free(layout.memory);
	return 0;
}
