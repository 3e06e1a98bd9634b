/* Relocating one object (gABI "Relocation", the CPU's psABI for the formulas, which arch/port.h names).
 * Under the load lock.  Order inside an object: RELR, RELA, PLT; values that an IFUNC resolver must compute come last,
 * when everything the resolver may use is in place. */
#include "relocate.h"

#include <sys/mman.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "memory.h"
#include "relocator.h"

struct rl_deferred {
	rl_reloc_word *place;
	uintptr_t resolver;
	uint64_t addend;
};

enum rl_status rl_reloc_damaged(struct rl_relocator *r, unsigned type)
{
	return rl_fail(r->diag, RL_RELOC_DAMAGED, .subject = r->object->path, .value = type);
}

/* The slow half of place(). */
rl_reloc_word *rl_reloc_find(struct rl_relocator *r, uint64_t offset, size_t size)
{
	const Elf64_Phdr *phdr = rl_image_segment(&r->object->image, offset);
	if (phdr == NULL || phdr->p_memsz < size || (!(phdr->p_flags & PF_W) && !r->has_text_relocations)
	    || offset - phdr->p_vaddr > phdr->p_memsz - size)
		return NULL;
	if (phdr->p_memsz >= sizeof(uint64_t)) {
		r->low = r->bias + phdr->p_vaddr;
		r->room = phdr->p_memsz - sizeof(uint64_t);
	}
	return (rl_reloc_word *)(r->bias + offset);
}

/* Whether WORD is in the segment that the last place was in. */
static inline bool place_is_near(const struct rl_relocator *r, const rl_reloc_word *word)
{
	return (uintptr_t)word - r->low <= r->room;
}

/* The writable word at OFFSET, or NULL if the object has none there. */
static inline rl_reloc_word *place(struct rl_relocator *r, uint64_t offset)
{
	uintptr_t address = r->bias + offset;
	if (__builtin_expect(address - r->low <= r->room, 1))
		return (rl_reloc_word *)address;
	return rl_reloc_find(r, offset, sizeof(uint64_t));
}

enum { RELR_BITS = 63 }; /* words that one bitmap entry of DT_RELR covers */

/* Where eight bits in a row are set, by their lowest. */
static inline uint64_t eights_of(uint64_t bits)
{
	bits &= bits >> 1;
	bits &= bits >> 2;
	return bits & bits >> 4;
}

/* The words that BITS stand for.  Most bits stand for tables of pointers: eight of them cost hardly more than two. */
static inline void bits_apply(rl_reloc_word *words, uint64_t bits, uintptr_t bias)
{
	for (uint64_t eights = eights_of(bits); eights != 0;) {
		unsigned first = (unsigned)__builtin_ctzl(eights);
		rl_reloc_word *word = words + first;
		word[0] += bias;
		word[1] += bias;
		word[2] += bias;
		word[3] += bias;
		word[4] += bias;
		word[5] += bias;
		word[6] += bias;
		word[7] += bias;
		bits &= ~((uint64_t)0xff << first);
		eights &= ~((uint64_t)0xff << first);
	}
	for (; bits != 0; bits &= bits - 1)
		words[__builtin_ctzl(bits)] += bias;
}

static enum rl_status relr_bitmap_apply(struct rl_relocator *r, uint64_t vaddr, uint64_t bits)
{
	if (bits == 0)
		return RL_OK;
	/* The lowest and the highest word decide for all between, if they are in one segment. */
	unsigned lowest = (unsigned)__builtin_ctzl(bits), highest = 63 - (unsigned)__builtin_clzl(bits);
	rl_reloc_word *first = place(r, vaddr + lowest * sizeof(uint64_t));
	if (first == NULL || place(r, vaddr + highest * sizeof(uint64_t)) == NULL || !place_is_near(r, first))
		return rl_reloc_damaged(r, RL_RELOC_RELATIVE);
	bits_apply((rl_reloc_word *)(r->bias + vaddr), bits, r->bias);
	return RL_OK;
}

static enum rl_status relr_apply(struct rl_relocator *r)
{
	const uint64_t *entry = r->object->dynamic.relr.start, *end = entry + r->object->dynamic.relr.count;
	uint64_t next = 0; /* vaddr behind the last word */
	for (; entry < end; entry++) {
		if ((*entry & 1) == 0) {
			rl_reloc_word *word = place(r, *entry);
			if (word == NULL)
				return rl_reloc_damaged(r, RL_RELOC_RELATIVE);
			*word += r->bias;
			next = *entry + sizeof(uint64_t);
			continue;
		}
		RL_TRY(relr_bitmap_apply(r, next, *entry >> 1));
		next += RELR_BITS * sizeof(uint64_t);
	}
	return RL_OK;
}

/* Link editors sort RELATIVE entries by place: four that ascend inside the segment of the last one need one check of
 * the range.  False: look at them one by one. */
static inline bool relative_apply_four(const struct rl_relocator *r, const Elf64_Rela *rela)
{
	uint64_t a = rela[0].r_offset, b = rela[1].r_offset, c = rela[2].r_offset, d = rela[3].r_offset;
	uintptr_t bias = r->bias;
	if (rela[0].r_info != RL_RELOC_RELATIVE || rela[1].r_info != RL_RELOC_RELATIVE
	    || rela[2].r_info != RL_RELOC_RELATIVE || rela[3].r_info != RL_RELOC_RELATIVE)
		return false;
	if (a > b || b > c || c > d || bias + a < r->low || bias + d > r->low + r->room || d > UINT64_MAX / 2)
		return false;
	*(rl_reloc_word *)(bias + a) = bias + (uint64_t)rela[0].r_addend;
	*(rl_reloc_word *)(bias + b) = bias + (uint64_t)rela[1].r_addend;
	*(rl_reloc_word *)(bias + c) = bias + (uint64_t)rela[2].r_addend;
	*(rl_reloc_word *)(bias + d) = bias + (uint64_t)rela[3].r_addend;
	return true;
}

static enum rl_status relative_apply_one(struct rl_relocator *r, const Elf64_Rela *rela)
{
	rl_reloc_word *word = place(r, rela->r_offset);
	if (word == NULL || rela->r_info != RL_RELOC_RELATIVE)
		return rl_reloc_damaged(r, RL_RELOC_RELATIVE);
	*word = r->bias + (uint64_t)rela->r_addend;
	return RL_OK;
}

static enum rl_status relative_apply(struct rl_relocator *r, const Elf64_Rela *rela, const Elf64_Rela *end)
{
	/* A copy whose address nobody has: stores to places cannot change it, so it stays in registers. */
	struct rl_relocator known = *r;
	while (rela < end) {
		if (__builtin_expect(end - rela >= 4 && relative_apply_four(&known, rela), 1)) {
			rela += 4;
			continue;
		}
		RL_TRY(relative_apply_one(r, rela++));
		known = *r;
	}
	return RL_OK;
}

static __attribute__((noinline)) enum rl_status defer(struct rl_relocator *r, rl_reloc_word *word,
							uintptr_t resolver, uint64_t addend)
{
	struct rl_deferred *deferred =
		rl_heap_room(r->deferred, r->deferred_count, &r->deferred_capacity, sizeof *deferred, 64);
	if (deferred == NULL)
		return rl_fail(r->diag, RL_NO_MEMORY, .subject = r->object->path);
	r->deferred = deferred;
	r->deferred[r->deferred_count++] = (struct rl_deferred){word, resolver, addend};
	return RL_OK;
}

static __attribute__((noinline)) enum rl_status reference_look_up(struct rl_relocator *r, uint32_t index,
								  enum rl_reference_class class)
{
	r->has_memo = false;
	RL_TRY(rl_lookup_reference(r->linker, r->object, index, class, &r->memo, r->diag));
	if (r->memo.object != NULL && r->memo.object != r->object)
		RL_TRY(rl_pin_add(r->object, r->memo.object));
	r->has_memo = true;
	r->memo_index = index;
	r->memo_class = class;
	return RL_OK;
}

static inline enum rl_status reference_resolve(struct rl_relocator *r, uint32_t index, enum rl_reference_class class)
{
	if (r->memo_index == index && r->memo_class == class && r->has_memo)
		return RL_OK;
	if (class != RL_REFERENCE_COPY && rl_prefix_misses(r->prefix, &r->object->symbols, index)) {
		r->memo = (struct rl_binding){r->object, &r->object->symbols.symbols[index]};
		r->has_memo = false;
		return RL_OK;
	}
	return reference_look_up(r, index, class);
}

/* A reference could not be resolved: the personality may know what to do.  RL_OK: it has a binding in the memo, or the
 * place is left alone. */
static __attribute__((noinline)) enum rl_status excuse(struct rl_relocator *r, const Elf64_Rela *rela,
						       enum rl_status status)
{
	if (status != RL_SYMBOL_UNDEFINED || r->linker->excuse_symbol == NULL)
		return status;
	return r->linker->excuse_symbol(r->linker, r->object, rela, &r->memo, r->diag);
}

/* A word that becomes the address of a symbol: nearly all relocations with symbols. */
static inline enum rl_status address_apply(struct rl_relocator *r, const Elf64_Rela *rela,
					   enum rl_reference_class class)
{
	rl_reloc_word *word = place(r, rela->r_offset);
	if (word == NULL)
		return rl_reloc_damaged(r, (unsigned)ELF64_R_TYPE(rela->r_info));
	enum rl_status status = reference_resolve(r, ELF64_R_SYM(rela->r_info), class);
	if (__builtin_expect(status != RL_OK, 0)) {
		RL_TRY(excuse(r, rela, status));
		if (r->memo.object == NULL)
			return RL_OK;
	}
	if (rl_binding_is_ifunc(&r->memo))
		return defer(r, word, rl_binding_address(&r->memo), (uint64_t)rela->r_addend);
	*word = rl_binding_address(&r->memo) + (uint64_t)rela->r_addend;
	return RL_OK;
}

static inline enum rl_status irelative_apply(struct rl_relocator *r, const Elf64_Rela *rela)
{
	rl_reloc_word *word = place(r, rela->r_offset);
	if (word == NULL)
		return rl_reloc_damaged(r, RL_RELOC_IRELATIVE);
	return defer(r, word, r->bias + (uint64_t)rela->r_addend, 0);
}

/* One relocation of the rarer kinds. */
static enum rl_status rare_apply(struct rl_relocator *r, const Elf64_Rela *rela, uint32_t type)
{
	if (type == RL_RELOC_NONE)
		return RL_OK;
	rl_reloc_word *word = place(r, rela->r_offset);
	if (type == RL_RELOC_RELATIVE || type == RL_RELOC_RELATIVE_ALT) {
		if (word == NULL)
			return rl_reloc_damaged(r, type);
		*word = r->bias + (uint64_t)rela->r_addend;
		return RL_OK;
	}
	enum rl_status status = reference_resolve(r, ELF64_R_SYM(rela->r_info), rl_reference_class(type));
	if (status != RL_OK) {
		RL_TRY(excuse(r, rela, status));
		if (r->memo.object == NULL)
			return RL_OK;
	}
	return rl_reloc_apply_special(r, rela, type, word);
}

static inline enum rl_status rela_apply(struct rl_relocator *r, const Elf64_Rela *rela)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);
	if (type == RL_RELOC_GLOB_DAT || type == RL_RELOC_SYMBOLIC)
		return address_apply(r, rela, RL_REFERENCE_DATA);
	if (type == RL_RELOC_JUMP_SLOT)
		return address_apply(r, rela, RL_REFERENCE_PLT);
	if (type == RL_RELOC_IRELATIVE)
		return irelative_apply(r, rela);
	return rare_apply(r, rela, type);
}

/* The same with somebody who wants to be asked. */
static __attribute__((noinline)) enum rl_status table_apply_asking(struct rl_relocator *r, const Elf64_Rela *rela,
								   const Elf64_Rela *end)
{
	for (; rela < end; rela++) {
		bool is_done = false;
		RL_TRY(r->linker->before_relocation(r->linker, r->object, rela, &is_done, r->diag));
		if (!is_done)
			RL_TRY(rela_apply(r, rela));
	}
	return RL_OK;
}

static enum rl_status table_apply(struct rl_relocator *r, const Elf64_Rela *rela, const Elf64_Rela *end)
{
	if (__builtin_expect(r->linker->before_relocation != NULL, 0))
		return table_apply_asking(r, rela, end);
	for (; rela < end; rela++)
		RL_TRY(rela_apply(r, rela));
	return RL_OK;
}

/* Whether the object says that calls of some symbols do not keep to the usual convention. */
static bool has_eager_symbols(const struct rl_object *object)
{
	const Elf64_Dyn *entry = object->dynamic.entries;
	while (RL_PORT_STO_EAGER != 0 && entry->d_tag != DT_NULL && entry->d_tag != RL_PORT_DT_EAGER)
		entry++;
	return RL_PORT_STO_EAGER != 0 && entry->d_tag != DT_NULL;
}

static bool is_eager(const struct rl_object *object, uint32_t index)
{
	return index < object->symbols.symbol_limit
	       && (object->symbols.symbols[index].st_other & RL_PORT_STO_EAGER) != 0;
}

/* The PLT of an object that may wait: each slot goes on pointing at its own stub, now at its real address. */
static enum rl_status plt_apply_lazily(struct rl_relocator *r)
{
	const Elf64_Rela *rela = r->object->dynamic.plt.start, *end = rela + r->object->dynamic.plt.count;
	bool looks_at_symbols = has_eager_symbols(r->object);
	for (; rela < end; rela++) {
		if (ELF64_R_TYPE(rela->r_info) != RL_RELOC_JUMP_SLOT
		    || (looks_at_symbols && is_eager(r->object, ELF64_R_SYM(rela->r_info)))) {
			RL_TRY(rela_apply(r, rela));
			continue;
		}
		rl_reloc_word *word = place(r, rela->r_offset);
		if (word == NULL)
			return rl_reloc_damaged(r, RL_RELOC_JUMP_SLOT);
		*word += r->bias;
	}
	return RL_OK;
}

/* A table of the file; most objects lack one or the other. */
static enum rl_status whole_table_apply(struct rl_relocator *r, const struct rl_table *table, size_t first)
{
	const Elf64_Rela *rela = table->start;
	return table->count == 0 ? RL_OK : table_apply(r, rela + first, rela + table->count);
}

static enum rl_status tables_apply(struct rl_relocator *r)
{
	const struct rl_dynamic *dynamic = &r->object->dynamic;
	const Elf64_Rela *rela = dynamic->rela.start;
	bool binds_calls_first = r->linker->rules.binds_calls_first;
	if (binds_calls_first)
		RL_TRY(whole_table_apply(r, &dynamic->plt, 0));
	if (dynamic->relr.count != 0)
		RL_TRY(relr_apply(r));
	if (dynamic->relative_count != 0)
		RL_TRY(relative_apply(r, rela, rela + dynamic->relative_count));
	RL_TRY(whole_table_apply(r, &dynamic->rela, dynamic->relative_count));
	if (r->object->is_lazy)
		return plt_apply_lazily(r);
	return binds_calls_first ? RL_OK : whole_table_apply(r, &dynamic->plt, 0);
}

/* Make read-only segments writable for DT_TEXTREL, or as they were. */
static enum rl_status text_open(struct rl_relocator *r, bool is_open)
{
	const struct rl_image *image = &r->object->image;
	size_t page_size = rl_memory_page(r->object->memory, r->linker->page_size);
	for (size_t i = 0; i < image->phdr_count; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		if (phdr->p_type != PT_LOAD || (phdr->p_flags & PF_W) || phdr->p_memsz == 0)
			continue;
		uintptr_t start = (image->bias + phdr->p_vaddr) & -page_size;
		uintptr_t end = (image->bias + phdr->p_vaddr + phdr->p_memsz + page_size - 1) & -page_size;
		int protection = (phdr->p_flags & PF_R ? PROT_READ : 0) | (phdr->p_flags & PF_X ? PROT_EXEC : 0)
				 | (is_open ? PROT_WRITE : 0);
		long result = rl_memory_protect(r->object->memory, start, end - start, protection);
		if (rl_sys_is_error(result))
			return rl_fail(r->diag, RL_RELOC_WRITABLE, .subject = r->object->path,
				       .error_number = (int)-result);
	}
	return RL_OK;
}

static void deferred_run(struct rl_relocator *r)
{
	for (size_t i = 0; i < r->deferred_count && !r->linker->runs_nothing; i++) {
		struct rl_deferred *deferred = &r->deferred[i];
		*deferred->place = rl_port_ifunc_call(deferred->resolver) + deferred->addend;
	}
}

static enum rl_status relro_seal(struct rl_object *object, struct rl_diag *diag)
{
	if (object->relro.end <= object->relro.start)
		return RL_OK;
	long result = rl_memory_protect(object->memory, object->relro.start, object->relro.end - object->relro.start,
					PROT_READ);
	if (rl_sys_is_error(result))
		return rl_fail(diag, RL_MAP_PROTECT, .subject = object->path, .error_number = (int)-result);
	return RL_OK;
}

enum rl_status rl_relocate(struct rl_linker *linker, struct rl_object *object, bool is_lazy, struct rl_diag *diag)
{
	struct rl_prefix prefix;
	struct rl_relocator r = {.linker = linker,
			      .object = object,
			      .diag = diag,
			      .bias = object->image.bias,
			      .prefix = &prefix,
			      .low = UINTPTR_MAX, /* no segment yet: not even address 0 is near */
			      .has_text_relocations = object->dynamic.has_text_relocations};
	object->is_lazy = is_lazy && !object->dynamic.binds_now && object->dynamic.plt_got != NULL;
	rl_prefix_make(linker, object, &prefix);
	if (object->is_lazy)
		rl_port_lazy_got(object->dynamic.plt_got, object, rl_port_lazy_trampoline);
	if (r.has_text_relocations)
		RL_TRY(text_open(&r, true));
	enum rl_status status = tables_apply(&r);
	if (status == RL_OK)
		deferred_run(&r);
	if (r.has_text_relocations && status == RL_OK)
		status = text_open(&r, false);
	rl_heap_give(r.deferred);
	RL_TRY(status);
	object->is_relocated = true;
	RL_TRY(relro_seal(object, diag));
	rl_emit(linker, (struct rl_event){.kind = RL_EVENT_RELOCATED, .object = object});
	return RL_OK;
}

enum rl_status rl_relocate_one(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
			       struct rl_diag *diag)
{
	struct rl_prefix prefix = {.is_useful = false};
	struct rl_relocator r = {.linker = linker, .object = object, .diag = diag, .prefix = &prefix,
				 .bias = object->image.bias};
	uintptr_t page = (r.bias + rela->r_offset) & -linker->page_size;
	bool is_sealed = page >= object->relro.start && page < object->relro.end;
	if (is_sealed)
		rl_sys_protect(page, linker->page_size, PROT_READ | PROT_WRITE);
	enum rl_status status = rela_apply(&r, rela);
	if (status == RL_OK)
		deferred_run(&r);
	rl_heap_give(r.deferred);
	if (is_sealed)
		rl_sys_protect(page, linker->page_size, PROT_READ);
	return status;
}
