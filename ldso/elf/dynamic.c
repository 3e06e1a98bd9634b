/* Reading the dynamic section.  Pure: every address is turned into a pointer through the bounded view, and what is
 * stored can be used without further checks up to the stated counts. */
#include "dynamic.h"

#include <string.h>

#include "../../arch/port.h"

#ifndef DT_AUXILIARY
#define DT_AUXILIARY 0x7ffffffd
#define DT_FILTER 0x7fffffff
#endif
#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#define DT_RELRENT 37
#endif

/* Tags of the gABI count up from 0, those of versions and counts down from the end of the system's range. */
enum { LOW_COUNT = 38, HIGH_LAST = 0x6fffffff, HIGH_COUNT = 16 };
_Static_assert(DT_RELRENT < LOW_COUNT && HIGH_LAST - DT_VERSYM < HIGH_COUNT, "every tag that is asked for has a place");

/* Raw values of the tags that matter, and which were seen. */
struct raw_tags {
	uint64_t low[LOW_COUNT];   /* by tag */
	uint64_t high[HIGH_COUNT]; /* by distance from HIGH_LAST */
	uint64_t gnu_hash;
	size_t needs_end; /* behind the last tag that names another object */
	uint64_t seen; /* low tags; those of the last two kinds are never 0 */
};

static bool has(const struct raw_tags *raw, unsigned tag)
{
	return (raw->seen >> tag) & 1;
}

static uint64_t high(const struct raw_tags *raw, unsigned tag)
{
	return raw->high[HIGH_LAST - tag];
}

static inline void raw_take(struct raw_tags *raw, const Elf64_Dyn *entries, size_t index)
{
	uint64_t tag = (uint64_t)entries[index].d_tag, value = entries[index].d_un.d_val;
	if (tag == DT_NEEDED) {
		raw->needs_end = index + 1;
	} else if (tag < LOW_COUNT) {
		raw->low[tag] = value;
		raw->seen |= (uint64_t)1 << tag;
	} else if (HIGH_LAST - tag < HIGH_COUNT) {
		raw->high[HIGH_LAST - tag] = value;
	} else if (tag == DT_GNU_HASH) {
		raw->gnu_hash = value;
	} else if (tag == DT_FILTER || tag == DT_AUXILIARY) {
		raw->needs_end = index + 1;
	}
}

static enum rl_status tags_read(const Elf64_Dyn *entries, size_t limit, struct raw_tags *raw, size_t *out_count)
{
	memset(raw, 0, sizeof *raw);
	for (size_t i = 0; i < limit; i++) {
		if (entries[i].d_tag == DT_NULL) {
			*out_count = i + 1;
			return RL_OK;
		}
		raw_take(raw, entries, i);
	}
	return RL_DYNAMIC_DAMAGED; /* no end */
}

static enum rl_status strings_read(struct rl_stretch *near, const struct raw_tags *raw, struct rl_dynamic *out)
{
	if (!has(raw, DT_STRTAB))
		return RL_OK;
	size_t size = raw->low[DT_STRSZ];
	out->strings = rl_stretch_array(near, raw->low[DT_STRTAB], size, 1);
	if (out->strings == NULL || size == 0)
		return RL_DYNAMIC_DAMAGED;
	if (out->strings[size - 1] != '\0')
		return RL_DYNAMIC_DAMAGED;
	out->strings_size = size;
	return RL_OK;
}

/* A pointer to VADDR with everything up to the end of its segment: tables whose length no tag gives. */
static enum rl_status open_table_read(struct rl_stretch *near, uint64_t vaddr, size_t size, size_t align,
				      const void **out_start, size_t *out_limit)
{
	uint64_t end = rl_stretch_end(near, vaddr);
	if (end == 0 || end - vaddr < size || vaddr % align != 0)
		return RL_DYNAMIC_DAMAGED;
	*out_start = (const void *)(near->image->bias + vaddr);
	*out_limit = (end - vaddr) / size;
	return RL_OK;
}

static enum rl_status symbols_read(struct rl_stretch *near, const struct raw_tags *raw, struct rl_dynamic *out)
{
	const void *start;
	if (has(raw, DT_SYMTAB)) {
		if (has(raw, DT_SYMENT) && raw->low[DT_SYMENT] != sizeof(Elf64_Sym))
			return RL_DYNAMIC_DAMAGED;
		RL_TRY(open_table_read(near, raw->low[DT_SYMTAB], sizeof(Elf64_Sym), 8, &start, &out->symbol_limit));
		out->symbols = start;
	}
	if (raw->gnu_hash != 0) {
		RL_TRY(open_table_read(near, raw->gnu_hash, 4, 8, &start, &out->gnu_hash_words));
		out->gnu_hash = start;
	}
	if (has(raw, DT_HASH)) {
		RL_TRY(open_table_read(near, raw->low[DT_HASH], 4, 4, &start, &out->sysv_hash_words));
		out->sysv_hash = start;
	}
	uint64_t versym = high(raw, DT_VERSYM);
	if (versym != 0) {
		RL_TRY(open_table_read(near, versym, 2, 2, &start, &out->versym_limit));
		out->versym = start;
	}
	out->verdef_vaddr = high(raw, DT_VERDEF);
	out->verdef_count = out->verdef_vaddr != 0 ? high(raw, DT_VERDEFNUM) : 0;
	out->verneed_vaddr = high(raw, DT_VERNEED);
	out->verneed_count = out->verneed_vaddr != 0 ? high(raw, DT_VERNEEDNUM) : 0;
	return RL_OK;
}

/* A table at any address. */
static enum rl_status loose_table_read(struct rl_stretch *near, uint64_t vaddr, uint64_t bytes, size_t size,
				       struct rl_table *out)
{
	if (bytes / size == 0)
		return RL_OK;
	out->start = rl_stretch_array(near, vaddr, bytes / size, size);
	out->count = bytes / size;
	return out->start == NULL ? RL_DYNAMIC_DAMAGED : RL_OK;
}

static enum rl_status table_read(struct rl_stretch *near, uint64_t vaddr, uint64_t bytes, size_t size,
				 struct rl_table *out)
{
	RL_TRY(loose_table_read(near, vaddr, bytes, size, out));
	return out->count != 0 && vaddr % 8 != 0 ? RL_DYNAMIC_DAMAGED : RL_OK;
}

static enum rl_status relocations_read(struct rl_stretch *near, const struct raw_tags *raw,
				       struct rl_dynamic *out)
{
	if (has(raw, DT_RELA)) {
		if (raw->low[DT_RELAENT] != sizeof(Elf64_Rela))
			return RL_DYNAMIC_DAMAGED;
		RL_TRY(table_read(near, raw->low[DT_RELA], raw->low[DT_RELASZ], sizeof(Elf64_Rela), &out->rela));
	}
	if (has(raw, DT_JMPREL)) {
		if (has(raw, DT_PLTREL) && raw->low[DT_PLTREL] != DT_RELA)
			return RL_DYNAMIC_DAMAGED;
		RL_TRY(table_read(near, raw->low[DT_JMPREL], raw->low[DT_PLTRELSZ], sizeof(Elf64_Rela), &out->plt));
	}
	/* Some linkers count the PLT relocations in DT_RELASZ too: each is applied once, as part of the PLT. */
	const Elf64_Rela *rela = out->rela.start, *plt = out->plt.start;
	if (plt != NULL && out->rela.count >= out->plt.count && rela + out->rela.count == plt + out->plt.count)
		out->rela.count -= out->plt.count;
	if (has(raw, DT_RELR)) {
		if (raw->low[DT_RELRENT] != sizeof(uint64_t))
			return RL_DYNAMIC_DAMAGED;
		RL_TRY(table_read(near, raw->low[DT_RELR], raw->low[DT_RELRSZ], sizeof(uint64_t), &out->relr));
	}
	uint64_t relative_count = high(raw, DT_RELACOUNT);
	out->relative_count = relative_count < out->rela.count ? relative_count : out->rela.count;
	/* Two of its words are written: without a place for them the calls are bound at once. */
	uint64_t got = raw->low[DT_PLTGOT];
	if (has(raw, DT_PLTGOT) && out->plt.count != 0 && got % sizeof(uintptr_t) == 0) {
		const Elf64_Phdr *segment = rl_image_segment(near->image, got);
		if (segment != NULL && (segment->p_flags & PF_W))
			out->plt_got = (uintptr_t *)rl_stretch_array(near, got, 3, sizeof(uintptr_t));
	}
	return RL_OK;
}

static enum rl_status calls_read(struct rl_stretch *near, const struct raw_tags *raw, struct rl_dynamic *out)
{
	/* glibc's crt1.o for riscv64 does not say how this one is aligned. */
	RL_TRY(loose_table_read(near, raw->low[DT_PREINIT_ARRAY], raw->low[DT_PREINIT_ARRAYSZ], sizeof(uintptr_t),
				&out->preinit_array));
	RL_TRY(table_read(near, raw->low[DT_INIT_ARRAY], raw->low[DT_INIT_ARRAYSZ], sizeof(uintptr_t),
			  &out->init_array));
	RL_TRY(table_read(near, raw->low[DT_FINI_ARRAY], raw->low[DT_FINI_ARRAYSZ], sizeof(uintptr_t),
			  &out->fini_array));
	/* 0: link editors write these tags even where there is no such function. */
	out->init = raw->low[DT_INIT] != 0 ? near->image->bias + raw->low[DT_INIT] : 0;
	out->fini = raw->low[DT_FINI] != 0 ? near->image->bias + raw->low[DT_FINI] : 0;
	return RL_OK;
}

static enum rl_status words_read(const struct raw_tags *raw, struct rl_dynamic *out)
{
	static const struct {
		unsigned tag;
		size_t offset;
	} names[] = {{DT_SONAME, offsetof(struct rl_dynamic, soname)},
		     {DT_RPATH, offsetof(struct rl_dynamic, rpath)},
		     {DT_RUNPATH, offsetof(struct rl_dynamic, runpath)}};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (!has(raw, names[i].tag))
			continue;
		const char *string = rl_dynamic_string(out, raw->low[names[i].tag]);
		if (string == NULL)
			return RL_DYNAMIC_DAMAGED;
		*(const char **)((char *)out + names[i].offset) = string;
	}
	if (out->runpath != NULL)
		out->rpath = NULL; /* gABI: DT_RUNPATH makes DT_RPATH ineffective */
	out->flags = raw->low[DT_FLAGS];
	out->flags_1 = high(raw, DT_FLAGS_1);
	out->has_text_relocations = has(raw, DT_TEXTREL) || (out->flags & DF_TEXTREL);
	out->is_symbolic = has(raw, DT_SYMBOLIC) || (out->flags & DF_SYMBOLIC);
	out->binds_now = has(raw, DT_BIND_NOW) || (out->flags & DF_BIND_NOW) || (out->flags_1 & DF_1_NOW);
	return RL_OK;
}

enum rl_status rl_dynamic_read(const struct rl_image *image, uint64_t vaddr,
			       struct rl_dynamic *out_dynamic)
{
	size_t reach = rl_image_reach(image, vaddr);
	if (reach < sizeof(Elf64_Dyn) || vaddr % 8 != 0)
		return RL_DYNAMIC_DAMAGED;
	/* The original walks to DT_NULL whatever PT_DYNAMIC's size says; so do we, inside the segment. */
	return rl_dynamic_read_entries(image, (const Elf64_Dyn *)(image->bias + vaddr), reach / sizeof(Elf64_Dyn),
				       out_dynamic);
}

enum rl_status rl_dynamic_read_entries(const struct rl_image *image, const Elf64_Dyn *entries, size_t count,
				       struct rl_dynamic *out_dynamic)
{
	struct rl_dynamic out = {.entries = entries};
	struct raw_tags raw;
	struct rl_stretch near = {.image = image};
	RL_TRY(tags_read(out.entries, count, &raw, &out.entry_count));
	out.needs_end = raw.needs_end;
	RL_TRY(strings_read(&near, &raw, &out));
	RL_TRY(symbols_read(&near, &raw, &out));
	RL_TRY(relocations_read(&near, &raw, &out));
	RL_TRY(calls_read(&near, &raw, &out));
	RL_TRY(words_read(&raw, &out));
	*out_dynamic = out;
	return RL_OK;
}
