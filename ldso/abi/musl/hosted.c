/* The hosted libc: libc's own start as a subroutine.
 *
 * libc's entry expects what the kernel gives a dynamic linker.  It gets a small program that exists only in memory and
 * describes what libc must own: the initial TLS image of every thread, the default stack size, which of libc's
 * functions are replaced, and one constructor.  libc relocates itself, makes the main thread, and jumps to "the
 * program's entry", which is ours.  The one destructor is libc's own, of which it has none.  This uses nothing but the
 * contract between kernel and dynamic linker, the one interface of musl that cannot change.
 */
#include <string.h>

#include "../../base/heap.h"
#include "musl.h"

enum {
	HEADER_COUNT = 5, /* PT_PHDR, PT_LOAD, PT_DYNAMIC, PT_GNU_STACK, PT_TLS; then the objects' writable segments */
	DYNAMIC_COUNT = 8,
	PATCH_COUNT = 5,
	HASH_HEAD = 7, /* words of DT_GNU_HASH in front of the chains: four numbers, a filter of two, and the one bucket */
};

static const char libc_name[] = "libc.so"; /* libc takes this name for itself and opens no file */

struct rl_musl_hosted {
	uintptr_t base; /* what its addresses are relative to: a page's, for libc rounds them */
	Elf64_Dyn dynamic[DYNAMIC_COUNT];
	uintptr_t start[1], end[1]; /* the arrays of constructors, its own, and of destructors, libc's */
	char *zero;  /* where a thread pointer would be in the image's area */
	char *image; /* of the static TLS of all objects and our own words; libc copies it for each thread */
	size_t image_size;
	Elf64_Sym *symbols;
	uint32_t *hash; /* DT_GNU_HASH with one bucket; a filter that lets nothing pass spares libc all work */
	char *strings;
	size_t symbol_count, strings_size;
	Elf64_Sym no_symbols[1];
	_Alignas(uint64_t) uint32_t no_hash[HASH_HEAD];
	char no_strings[1 + sizeof libc_name];
	struct {
		Elf64_auxv_t *entry;
		uint64_t value;
	} patches[PATCH_COUNT];
	size_t patch_count;
	size_t header_count;
	Elf64_Phdr headers[];
};

static uint64_t relative(const struct rl_musl_hosted *hosted, const void *address)
{
	return (uintptr_t)address - hosted->base;
}

/* The definition of NAME that stands in front of libc, our own aside. */
static struct rl_binding front_find(const struct rl_musl *musl, const char *name)
{
	const struct rl_scope *scope = atomic_load(&musl->linker->base.global.current);
	const struct rl_want want = {0};
	struct rl_name key = rl_name_make(name);
	for (const struct rl_scope_entry *entry = scope->entries, *end = entry + scope->count;
	     entry < end && entry->object != musl->libc; entry++) {
		if (entry->object == musl->linker->self
		    || !rl_bloom_may_have(entry->bloom, entry->bloom_mask, entry->bloom_shift, key.gnu_hash))
			continue;
		const Elf64_Sym *symbol = rl_symbols_find_filtered(&entry->object->symbols, &key, &want);
		if (symbol != NULL)
			return (struct rl_binding){entry->object, symbol};
	}
	return (struct rl_binding){0};
}

/* How often libc refers to a symbol; the size of their names is added to *OUT_NAMES_SIZE. */
static size_t references_count(const struct rl_object *libc, size_t *out_names_size)
{
	const struct rl_table *tables[] = {&libc->dynamic.rela, &libc->dynamic.plt};
	size_t count = 0;
	for (size_t t = 0; t < 2; t++) {
		const Elf64_Rela *rela = tables[t]->start;
		for (size_t i = t == 0 ? libc->dynamic.relative_count : 0; i < tables[t]->count; i++) {
			uint32_t index = ELF64_R_SYM(rela[i].r_info);
			if (index == 0 || index >= libc->symbols.symbol_limit)
				continue;
			count++;
			*out_names_size += strlen(libc->symbols.strings + libc->symbols.symbols[index].st_name) + 1;
		}
	}
	return count;
}

/* Most programs replace nothing: the tables with one symbol, the undefined one, are part of the hosted program. */
static void symbols_start(struct rl_musl_hosted *hosted)
{
	hosted->symbols = hosted->no_symbols;
	hosted->hash = hosted->no_hash;
	hosted->strings = hosted->no_strings;
	memcpy(hosted->strings + 1, libc_name, sizeof libc_name);
	hosted->strings_size = 1 + sizeof libc_name;
	hosted->symbol_count = 1;
}

/* Room for as many symbols as libc has symbolic relocations. */
static __attribute__((noinline)) bool symbols_reserve(struct rl_musl_hosted *hosted, const struct rl_object *libc)
{
	size_t strings = hosted->strings_size, count = hosted->symbol_count + references_count(libc, &strings);
	Elf64_Sym *symbols =
		rl_heap_take(count * sizeof *hosted->symbols + (HASH_HEAD + count) * sizeof *hosted->hash + strings);
	if (symbols == NULL)
		return false;
	hosted->symbols = symbols;
	hosted->hash = (uint32_t *)(symbols + count);
	hosted->strings = memcpy(hosted->hash + count + HASH_HEAD, hosted->strings, hosted->strings_size);
	return true;
}

/* libc asks for its own interposable names in the program: those that something in front of libc defines are here. */
static bool symbol_add(struct rl_musl *musl, struct rl_musl_hosted *hosted, const Elf64_Sym *reference)
{
	const char *name = musl->libc->symbols.strings + reference->st_name;
	struct rl_binding binding = front_find(musl, name);
	if (binding.object == NULL)
		return true;
	if (hosted->symbols == hosted->no_symbols && !symbols_reserve(hosted, musl->libc))
		return false;
	size_t index = hosted->symbol_count++, size = strlen(name) + 1;
	memcpy(hosted->strings + hosted->strings_size, name, size);
	hosted->symbols[index] = (Elf64_Sym){
		.st_name = (Elf64_Word)hosted->strings_size,
		.st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, ELF64_ST_TYPE(binding.symbol->st_info)),
		.st_shndx = SHN_ABS,
		.st_value = rl_binding_address(&binding) - hosted->base,
		.st_size = binding.symbol->st_size,
	};
	hosted->strings_size += size;
	return true;
}

static bool table_add(struct rl_musl *musl, struct rl_musl_hosted *hosted, const struct rl_table *table, size_t from)
{
	const Elf64_Rela *rela = table->start;
	for (size_t i = from; i < table->count; i++) {
		uint32_t index = ELF64_R_SYM(rela[i].r_info);
		if (index != 0 && index < musl->libc->symbols.symbol_limit
		    && !symbol_add(musl, hosted, &musl->libc->symbols.symbols[index]))
			return false;
	}
	return true;
}

static void hash_make(struct rl_musl_hosted *hosted)
{
	size_t count = hosted->symbol_count;
	bool is_empty = count == 1;
	uint32_t filter = is_empty ? 0 : UINT32_MAX;
	const uint32_t head[HASH_HEAD] = {1, 1, 1, 0, filter, filter, !is_empty};
	memcpy(hosted->hash, head, sizeof head);
	for (size_t i = 1; i < count; i++)
		hosted->hash[HASH_HEAD - 1 + i] =
			(rl_hash_gnu(hosted->strings + hosted->symbols[i].st_name) & ~(uint32_t)1) | (i + 1 == count);
}

static bool symbols_make(struct rl_musl *musl, struct rl_musl_hosted *hosted)
{
	symbols_start(hosted);
	if (!table_add(musl, hosted, &musl->libc->dynamic.rela, musl->libc->dynamic.relative_count)
	    || !table_add(musl, hosted, &musl->libc->dynamic.plt, 0))
		return false;
	hash_make(hosted);
	return true;
}

/* libc places the block of a program's TLS next to the thread pointer.  Below it the block ends there: the image is as
 * long as the whole area, and aligned, so our offsets hold.  Above it the block comes as near as its address modulo its
 * alignment lets it: behind the TCB, if the image has that address too. */
static bool image_make(struct rl_musl *musl, struct rl_musl_hosted *hosted)
{
	const struct rl_tls_state *tls = &musl->linker->tls;
	size_t size = (tls->static_used + tls->static_align - 1) & -tls->static_align;
	char *area = rl_heap_take_aligned(size, tls->static_align);
	if (area == NULL)
		return false;
	hosted->zero = RL_TLS_BELOW_TP ? area + size : area;
	hosted->image = area + RL_TLS_TCB_SIZE;
	hosted->image_size = size - RL_TLS_TCB_SIZE;
	return true;
}

/* The default size of threads' stacks is the largest that any object asks for. */
static uint64_t stack_size(const struct rl_linker *linker)
{
	uint64_t size = 0;
	for (const struct rl_object *object = linker->base.first; object != NULL; object = object->next)
		for (size_t i = 0; i < object->image.phdr_count; i++)
			if (object->image.phdrs[i].p_type == PT_GNU_STACK && object->image.phdrs[i].p_memsz > size)
				size = object->image.phdrs[i].p_memsz;
	return size;
}

static bool is_writable_load(const Elf64_Phdr *phdr)
{
	return phdr->p_type == PT_LOAD && (phdr->p_flags & (PF_R | PF_W)) == (PF_R | PF_W);
}

/* The objects whose unused memory libc may have: not its own, of which it knows, nor ours. */
static bool is_donor(const struct rl_musl *musl, const struct rl_object *object)
{
	return object != musl->libc && object != musl->linker->self && object != musl->linker->vdso;
}

static size_t donations_limit(const struct rl_musl *musl)
{
	size_t count = 0;
	for (const struct rl_object *object = musl->linker->base.first; object != NULL; object = object->next)
		for (size_t i = 0; is_donor(musl, object) && i < object->image.phdr_count; i++)
			count += is_writable_load(&object->image.phdrs[i]);
	return count;
}

/* libc's malloc takes what a writable segment leaves free of its first and last page; without relocation we are too
 * late to say which part will be read-only, so it must not hear of a page that will. */
static Elf64_Phdr *donations_make(const struct rl_musl *musl, const struct rl_musl_hosted *hosted,
				  const struct rl_object *object, Elf64_Phdr *out_header)
{
	uintptr_t page_mask = musl->linker->page_size - 1;
	for (size_t i = 0; i < object->image.phdr_count; i++) {
		const Elf64_Phdr *phdr = &object->image.phdrs[i];
		if (!is_writable_load(phdr))
			continue;
		uintptr_t start = object->image.bias + phdr->p_vaddr, end = start + phdr->p_memsz;
		const struct rl_span *sealed = &object->relro;
		if ((start & ~page_mask) >= sealed->start && (start & ~page_mask) < sealed->end)
			start = end & ~page_mask;
		if (end < sealed->end && end >= sealed->start)
			continue;
		*out_header++ = (Elf64_Phdr){.p_type = PT_LOAD,
					     .p_flags = PF_R | PF_W,
					     .p_vaddr = start - hosted->base,
					     .p_memsz = end - start};
	}
	return out_header;
}

static void headers_make(struct rl_musl *musl, struct rl_musl_hosted *hosted)
{
	Elf64_Phdr *header = hosted->headers;
	*header++ = (Elf64_Phdr){.p_type = PT_PHDR, .p_vaddr = relative(hosted, hosted->headers)};
	*header++ = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = relative(hosted, hosted), .p_memsz = sizeof *hosted};
	*header++ = (Elf64_Phdr){.p_type = PT_DYNAMIC,
				 .p_vaddr = relative(hosted, hosted->dynamic),
				 .p_memsz = sizeof hosted->dynamic};
	*header++ = (Elf64_Phdr){
		.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_memsz = stack_size(musl->linker)};
	*header++ = (Elf64_Phdr){.p_type = PT_TLS,
				 .p_vaddr = relative(hosted, hosted->image),
				 .p_filesz = hosted->image_size,
				 .p_memsz = hosted->image_size,
				 .p_align = musl->linker->tls.static_align};
	/* In musl's order: libraries as they were loaded, then the program. */
	const struct rl_object *program = musl->linker->program;
	for (const struct rl_object *object = musl->linker->base.first; object != NULL; object = object->next)
		if (object != program && is_donor(musl, object))
			header = donations_make(musl, hosted, object, header);
	header = donations_make(musl, hosted, program, header);
	hosted->header_count = (size_t)(header - hosted->headers);
}

static void dynamic_make(struct rl_musl_hosted *hosted)
{
	const Elf64_Dyn entries[DYNAMIC_COUNT] = {
		{DT_NEEDED, {1}},
		{DT_SYMTAB, {relative(hosted, hosted->symbols)}},
		{DT_STRTAB, {relative(hosted, hosted->strings)}},
		{DT_GNU_HASH, {relative(hosted, hosted->hash)}},
		{DT_INIT_ARRAY, {relative(hosted, hosted->start)}},
		{DT_INIT_ARRAYSZ, {sizeof hosted->start}},
		{DT_NULL, {0}},
	};
	memcpy(hosted->dynamic, entries, sizeof entries);
}

/* libc's destructors run at the right moment whatever its program is doing: exit would wait for a program whose
 * constructor is still running, and then let it go on to main; and it would skip that program's destructor if it was the
 * constructor that called exit.  libc has no array of destructors: the two entries of its dynamic section that say so
 * stand in place of two that its linker does not read.  It has not run yet, so the section is not sealed. */
static bool libc_end_set(const struct rl_object *libc, const struct rl_musl_hosted *hosted)
{
	static const Elf64_Sxword unread[] = {DT_FLAGS_1, DT_FLAGS, DT_SYMENT, DT_STRSZ};
	Elf64_Dyn *places[2] = {0}, *first = (Elf64_Dyn *)libc->dynamic.entries;
	const Elf64_Phdr *segment = rl_image_segment(&libc->image, (uintptr_t)first - libc->image.bias);
	if (segment == NULL || !(segment->p_flags & PF_W) || libc->dynamic.fini_array.count != 0)
		return false;
	size_t found = 0;
	for (size_t i = 0; i < sizeof unread / sizeof unread[0] && found < 2; i++)
		for (Elf64_Dyn *entry = first; entry->d_tag != DT_NULL && found < 2; entry++)
			if (entry->d_tag == unread[i])
				places[found++] = entry;
	if (found < 2)
		return false;
	*places[0] = (Elf64_Dyn){DT_FINI_ARRAY, {(uintptr_t)hosted->end - libc->image.bias}};
	*places[1] = (Elf64_Dyn){DT_FINI_ARRAYSZ, {sizeof hosted->end}};
	return true;
}

enum rl_status rl_musl_host_make(struct rl_musl *musl, void (*start)(void), void (*end)(void), struct rl_diag *diag)
{
	size_t header_limit = HEADER_COUNT + donations_limit(musl);
	struct rl_musl_hosted *hosted = rl_heap_take(sizeof *hosted + header_limit * sizeof hosted->headers[0]);
	if (hosted == NULL)
		return rl_fail(diag, RL_NO_MEMORY);
	hosted->base = (uintptr_t)hosted & -musl->linker->page_size;
	if (!image_make(musl, hosted) || !symbols_make(musl, hosted))
		return rl_fail(diag, RL_NO_MEMORY);
	hosted->start[0] = (uintptr_t)start;
	hosted->end[0] = (uintptr_t)end;
	headers_make(musl, hosted);
	dynamic_make(hosted);
	if (!libc_end_set(musl->libc, hosted))
		return rl_fail(diag, RL_DYNAMIC_DAMAGED, .subject = musl->libc->path);
	musl->hosted = hosted;
	return RL_OK;
}

static void patch(struct rl_musl_hosted *hosted, const struct rl_kernel *kernel, uint64_t type, uint64_t value)
{
	for (Elf64_auxv_t *entry = kernel->auxv; entry->a_type != AT_NULL; entry++) {
		if (entry->a_type != type || hosted->patch_count == PATCH_COUNT)
			continue;
		hosted->patches[hosted->patch_count].entry = entry;
		hosted->patches[hosted->patch_count++].value = entry->a_un.a_val;
		entry->a_un.a_val = value;
	}
}

/* libc must not see LD_PRELOAD, which is our business: FROM and TO are the first letters of a name and of another that
 * nobody looks for. */
static void preload_rename(const struct rl_kernel *kernel, char from, char to)
{
	static const char rest[] = "D_PRELOAD=";
	for (char **entry = kernel->envp; *entry != NULL; entry++)
		if ((*entry)[0] == from && strncmp(*entry + 1, rest, sizeof rest - 1) == 0)
			(*entry)[0] = to;
}

void rl_musl_host_enter(struct rl_musl *musl, struct rl_kernel *kernel, uintptr_t return_address)
{
	struct rl_musl_hosted *hosted = musl->hosted;
	patch(hosted, kernel, AT_PHDR, (uintptr_t)hosted->headers);
	patch(hosted, kernel, AT_PHNUM, hosted->header_count);
	patch(hosted, kernel, AT_PHENT, sizeof(Elf64_Phdr));
	patch(hosted, kernel, AT_BASE, musl->libc->image.bias);
	patch(hosted, kernel, AT_ENTRY, return_address);
	preload_rename(kernel, 'L', 'l');
}

void rl_musl_host_leave(struct rl_musl *musl, struct rl_kernel *kernel)
{
	struct rl_musl_hosted *hosted = musl->hosted;
	for (size_t i = 0; i < hosted->patch_count; i++)
		hosted->patches[i].entry->a_un.a_val = hosted->patches[i].value;
	preload_rename(kernel, 'l', 'L');
}

void rl_musl_host_fill(struct rl_musl *musl)
{
	struct rl_musl_hosted *hosted = musl->hosted;
	for (const struct rl_object *object = musl->linker->base.first; object != NULL; object = object->next) {
		const struct rl_tls_block *block = &object->tls;
		if (!block->has_offset || block->image_size == 0)
			continue;
		memcpy(rl_tls_static_address((uintptr_t)hosted->zero, block->offset), block->image, block->image_size);
		memcpy(rl_tls_static_address(rl_port_thread_pointer(), block->offset), block->image, block->image_size);
	}
}
