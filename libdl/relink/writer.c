/* Writing small libraries: three segments (read-only with the tables, code, data with the dynamic section), a System V
 * hash table, no section headers.  Follows gABI chapters 4 and 5. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "engine.h"

enum segment { TABLES, CODE, DATA, SEGMENT_COUNT };
enum { PHDR_COUNT = SEGMENT_COUNT + 2, ITEM_ALIGN = 16, DYNAMIC_FIXED = 10, SIZE_LIMIT = 1 << 30 };

struct item {
	enum segment segment;
	char *name;
	char *bytes; /* NULL: a needed library */
	size_t size;
	uint64_t place;
	struct item *next;
};

struct relink_dso {
	char *soname;
	size_t page_size;
	bool binds_now;
	struct item *first, **end;
	char *image; /* what was written last */
};

relink_status relink_dso_new(const char *soname, relink_dso **out_dso)
{
	enum { PAGE = 4096 };
	relink_dso *dso = out_dso == NULL ? NULL : rl_heap_take(sizeof *dso);
	if (dso == NULL)
		return out_dso == NULL ? RELINK_E_ARGUMENT : RELINK_E_MEMORY;
	dso->page_size = PAGE;
	dso->end = &dso->first;
	if (soname != NULL && (dso->soname = rl_heap_string(soname)) == NULL) {
		rl_heap_give(dso);
		return RELINK_E_MEMORY;
	}
	*out_dso = dso;
	return RELINK_OK;
}

void relink_dso_free(relink_dso *dso)
{
	if (dso == NULL)
		return;
	for (struct item *item = dso->first, *next; item != NULL; item = next) {
		next = item->next;
		rl_heap_give(item->name);
		rl_heap_give(item->bytes);
		rl_heap_give(item);
	}
	rl_heap_give(dso->soname);
	rl_heap_give(dso->image);
	rl_heap_give(dso);
}

static relink_status item_add(relink_dso *dso, enum segment segment, const char *name, const void *bytes, size_t size)
{
	bool is_symbol = size != 0;
	if (dso == NULL || name == NULL || *name == '\0' || size > SIZE_LIMIT)
		return RELINK_E_ARGUMENT;
	struct item *item = rl_heap_take(sizeof *item);
	if (item == NULL)
		return RELINK_E_MEMORY;
	*item = (struct item){.segment = segment, .name = rl_heap_string(name), .size = size,
			      .bytes = is_symbol ? rl_heap_take(size) : NULL};
	if (item->name == NULL || (is_symbol && item->bytes == NULL)) {
		rl_heap_give(item->name);
		rl_heap_give(item->bytes);
		rl_heap_give(item);
		return RELINK_E_MEMORY;
	}
	if (is_symbol && bytes != NULL)
		memcpy(item->bytes, bytes, size);
	*dso->end = item;
	dso->end = &item->next;
	return RELINK_OK;
}

relink_status relink_dso_function(relink_dso *dso, const char *name, const void *code, size_t size)
{
	return code == NULL || size == 0 ? RELINK_E_ARGUMENT : item_add(dso, CODE, name, code, size);
}

relink_status relink_dso_variable(relink_dso *dso, const char *name, const void *bytes, size_t size, int is_constant)
{
	return size == 0 ? RELINK_E_ARGUMENT : item_add(dso, is_constant ? TABLES : DATA, name, bytes, size);
}

relink_status relink_dso_need(relink_dso *dso, const char *name)
{
	return item_add(dso, TABLES, name, NULL, 0);
}

relink_status relink_dso_set(relink_dso *dso, size_t page_size, int binds_now)
{
	enum { LEAST = 4096, MOST = 1 << 24 };
	if (dso == NULL || page_size < LEAST || page_size > MOST || (page_size & (page_size - 1)) != 0)
		return RELINK_E_ARGUMENT;
	dso->page_size = page_size;
	dso->binds_now = binds_now != 0;
	return RELINK_OK;
}

/* Where everything is; file offsets are addresses. */
struct plan {
	uint64_t starts[SEGMENT_COUNT], ends[SEGMENT_COUNT];
	uint64_t symbols, hash, strings, dynamic;
	size_t symbol_count, string_size, need_count;
};

static uint64_t place_take(uint64_t *at, uint64_t size, uint64_t align)
{
	uint64_t place = (*at + align - 1) & -align;
	*at = place + size;
	return place;
}

static bool plan_make(relink_dso *dso, struct plan *plan)
{
	uint64_t at = sizeof(Elf64_Ehdr) + PHDR_COUNT * sizeof(Elf64_Phdr);
	plan->symbol_count = 1;
	plan->string_size = 1 + (dso->soname == NULL ? 0 : strlen(dso->soname) + 1);
	for (struct item *item = dso->first; item != NULL; item = item->next) {
		plan->symbol_count += item->bytes != NULL;
		plan->need_count += item->bytes == NULL;
		plan->string_size += strlen(item->name) + 1;
	}
	plan->symbols = place_take(&at, plan->symbol_count * sizeof(Elf64_Sym), 8);
	plan->hash = place_take(&at, (3 + plan->symbol_count) * sizeof(uint32_t), 8);
	plan->strings = place_take(&at, plan->string_size, 1);
	for (int segment = TABLES; segment < SEGMENT_COUNT; segment++) {
		plan->starts[segment] = segment == TABLES ? 0 : place_take(&at, 0, dso->page_size);
		if (segment == DATA)
			plan->dynamic = place_take(&at, (DYNAMIC_FIXED + plan->need_count) * sizeof(Elf64_Dyn), 8);
		for (struct item *item = dso->first; item != NULL; item = item->next)
			if (item->bytes != NULL && (int)item->segment == segment)
				item->place = place_take(&at, item->size, ITEM_ALIGN);
		plan->ends[segment] = at;
	}
	return at <= SIZE_LIMIT;
}

static void header_write(const relink_dso *dso, const struct plan *plan)
{
	static const uint32_t flags[] = {PF_R, PF_R | PF_X, PF_R | PF_W};
	Elf64_Ehdr *header = (Elf64_Ehdr *)dso->image;
	Elf64_Phdr *phdrs = (Elf64_Phdr *)(header + 1);
	*header = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			       .e_type = ET_DYN, .e_machine = RL_PORT_MACHINE, .e_version = EV_CURRENT,
			       .e_phoff = sizeof *header, .e_ehsize = sizeof *header, .e_phentsize = sizeof *phdrs,
			       .e_phnum = PHDR_COUNT};
	for (int i = 0; i < SEGMENT_COUNT; i++) {
		uint64_t size = plan->ends[i] - plan->starts[i];
		phdrs[i] = (Elf64_Phdr){.p_type = size == 0 ? PT_NULL : PT_LOAD, .p_flags = flags[i],
					.p_offset = plan->starts[i], .p_vaddr = plan->starts[i], .p_paddr = plan->starts[i],
					.p_filesz = size, .p_memsz = size, .p_align = dso->page_size};
	}
	uint64_t size = (DYNAMIC_FIXED + plan->need_count) * sizeof(Elf64_Dyn);
	phdrs[SEGMENT_COUNT] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_flags = PF_R | PF_W, .p_offset = plan->dynamic,
					    .p_vaddr = plan->dynamic, .p_paddr = plan->dynamic, .p_filesz = size,
					    .p_memsz = size, .p_align = 8};
	phdrs[SEGMENT_COUNT + 1] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
}

static uint32_t string_write(const relink_dso *dso, const struct plan *plan, size_t *used, const char *string)
{
	size_t at = *used, size = strlen(string) + 1;
	memcpy(dso->image + plan->strings + at, string, size);
	*used += size;
	return (uint32_t)at;
}

/* One chain for all: these files are small. */
static void symbols_write(const relink_dso *dso, const struct plan *plan, Elf64_Dyn **dynamic, size_t *used)
{
	Elf64_Sym *symbol = (Elf64_Sym *)(dso->image + plan->symbols);
	uint32_t *hash = (uint32_t *)(dso->image + plan->hash), number = 0;
	hash[0] = 1;
	hash[1] = (uint32_t)plan->symbol_count;
	hash[2] = plan->symbol_count > 1 ? 1 : 0;
	for (const struct item *item = dso->first; item != NULL; item = item->next) {
		uint32_t name = string_write(dso, plan, used, item->name);
		if (item->bytes == NULL) {
			*(*dynamic)++ = (Elf64_Dyn){DT_NEEDED, {name}};
			continue;
		}
		symbol[++number] = (Elf64_Sym){
			.st_name = name, .st_shndx = (Elf64_Half)(item->segment + 1), .st_value = item->place,
			.st_size = item->size,
			.st_info = ELF64_ST_INFO(STB_GLOBAL, item->segment == CODE ? STT_FUNC : STT_OBJECT)};
		hash[3 + number] = number + 1 < plan->symbol_count ? number + 1 : 0;
		memcpy(dso->image + item->place, item->bytes, item->size);
	}
}

relink_status relink_dso_write(relink_dso *dso, const void **out_bytes, size_t *out_size)
{
	struct plan plan = {0};
	size_t used = 1;
	if (dso == NULL || out_bytes == NULL || out_size == NULL || !plan_make(dso, &plan))
		return RELINK_E_ARGUMENT;
	char *image = rl_heap_take(plan.ends[DATA]);
	if (image == NULL)
		return RELINK_E_MEMORY;
	rl_heap_give(dso->image);
	dso->image = image;
	header_write(dso, &plan);
	Elf64_Dyn *dynamic = (Elf64_Dyn *)(image + plan.dynamic);
	symbols_write(dso, &plan, &dynamic, &used);
	if (dso->soname != NULL)
		*dynamic++ = (Elf64_Dyn){DT_SONAME, {string_write(dso, &plan, &used, dso->soname)}};
	*dynamic++ = (Elf64_Dyn){DT_HASH, {plan.hash}};
	*dynamic++ = (Elf64_Dyn){DT_STRTAB, {plan.strings}};
	*dynamic++ = (Elf64_Dyn){DT_STRSZ, {plan.string_size}};
	*dynamic++ = (Elf64_Dyn){DT_SYMTAB, {plan.symbols}};
	*dynamic++ = (Elf64_Dyn){DT_SYMENT, {sizeof(Elf64_Sym)}};
	if (dso->binds_now) {
		*dynamic++ = (Elf64_Dyn){DT_FLAGS, {DF_BIND_NOW}};
		*dynamic++ = (Elf64_Dyn){DT_FLAGS_1, {DF_1_NOW}};
	}
	*out_bytes = image;
	*out_size = plan.ends[DATA];
	return RELINK_OK;
}
