/* Reading DT_VERDEF and DT_VERNEED.  Pure; every record is reached through the bounded view. */
#include "versions.h"

#include "../base/heap.h"

enum { INDEX_MASK = 0x7fff, HIDDEN = 0x8000 };

static inline const void *record(struct rl_stretch *near, uint64_t vaddr, size_t size)
{
	uint64_t end = rl_stretch_end(near, vaddr);
	if (vaddr % 4 != 0 || end == 0 || end - vaddr < size)
		return NULL;
	return (const void *)(near->image->bias + vaddr);
}

static enum rl_status table_grow(struct rl_version_table *table, size_t index)
{
	size_t capacity = index + 16;
	struct rl_version *grown = rl_heap_grow(table->versions, table->count * sizeof *grown, capacity * sizeof *grown);
	if (grown == NULL)
		return RL_NO_MEMORY;
	table->versions = grown;
	table->capacity = capacity;
	return RL_OK;
}

/* The place of the version with this index, all zero if it is new. */
static inline enum rl_status table_reach(struct rl_version_table *table, size_t index, struct rl_version **out_version)
{
	if (__builtin_expect(index >= table->capacity, 0))
		RL_TRY(table_grow(table, index));
	if (index >= table->count)
		table->count = index + 1;
	*out_version = &table->versions[index];
	return RL_OK;
}

static enum rl_status definitions_walk(struct rl_stretch *near, const struct rl_dynamic *dynamic,
				       struct rl_version_table *table)
{
	uint64_t vaddr = dynamic->verdef_vaddr;
	for (size_t left = dynamic->verdef_count; left != 0 && vaddr != 0; left--) {
		const Elf64_Verdef *def = record(near, vaddr, sizeof *def);
		if (def == NULL)
			return RL_DYNAMIC_DAMAGED;
		if (def->vd_version != VER_DEF_CURRENT)
			return RL_VERSION_FORMAT;
		const Elf64_Verdaux *aux = record(near, vaddr + def->vd_aux, sizeof *aux);
		if (aux == NULL)
			return RL_DYNAMIC_DAMAGED;
		/* The base version names the file itself: it is no version a reference could ask for. */
		if ((def->vd_flags & VER_FLG_BASE) == 0) {
			struct rl_version *version;
			const char *name = rl_dynamic_string(dynamic, aux->vda_name);
			if (name == NULL)
				return RL_DYNAMIC_DAMAGED;
			RL_TRY(table_reach(table, def->vd_ndx & INDEX_MASK, &version));
			*version = (struct rl_version){.name = name, .hash = def->vd_hash};
		}
		vaddr = def->vd_next != 0 ? vaddr + def->vd_next : 0;
	}
	return RL_OK;
}

static enum rl_status requirements_walk(struct rl_stretch *near, const struct rl_dynamic *dynamic,
					struct rl_version_table *table)
{
	uint64_t vaddr = dynamic->verneed_vaddr;
	for (size_t left = dynamic->verneed_count; left != 0 && vaddr != 0; left--) {
		const Elf64_Verneed *need = record(near, vaddr, sizeof *need);
		if (need == NULL)
			return RL_DYNAMIC_DAMAGED;
		const char *file = rl_dynamic_string(dynamic, need->vn_file);
		uint64_t aux_vaddr = vaddr + need->vn_aux;
		for (size_t auxes = need->vn_cnt; auxes != 0; auxes--) {
			struct rl_version *version;
			const Elf64_Vernaux *aux = record(near, aux_vaddr, sizeof *aux);
			const char *name = aux == NULL ? NULL : rl_dynamic_string(dynamic, aux->vna_name);
			if (name == NULL || file == NULL)
				return RL_DYNAMIC_DAMAGED;
			RL_TRY(table_reach(table, aux->vna_other & INDEX_MASK, &version));
			*version = (struct rl_version){.name = name,
						       .file = file,
						       .hash = aux->vna_hash,
						       .is_hidden = (aux->vna_other & HIDDEN) != 0};
			if (aux->vna_next == 0)
				break;
			aux_vaddr += aux->vna_next;
		}
		vaddr = need->vn_next != 0 ? vaddr + need->vn_next : 0;
	}
	return RL_OK;
}

/* Not for every libc: out of the way of those that have no versions. */
__attribute__((noinline)) enum rl_status rl_versions_read(const struct rl_image *image,
							  const struct rl_dynamic *dynamic,
							  struct rl_version_table *out_table)
{
	enum { USUAL_NEEDS = 8 }; /* versions that a file asks another for */
	struct rl_version_table table = {0};
	struct rl_stretch near = {.image = image};
	enum rl_status status = RL_OK;
	/* Indexes are usually dense: room for all at once.  A count that is absurd is no guess. */
	size_t guess = dynamic->verdef_count + USUAL_NEEDS * dynamic->verneed_count;
	if (guess != 0 && guess < UINT16_MAX) {
		table.versions = rl_heap_take((guess + 2) * sizeof *table.versions);
		table.capacity = table.versions == NULL ? 0 : guess + 2;
	}
	if (dynamic->verdef_count != 0)
		status = definitions_walk(&near, dynamic, &table);
	if (status == RL_OK && dynamic->verneed_count != 0)
		status = requirements_walk(&near, dynamic, &table);
	if (status != RL_OK) {
		rl_heap_give(table.versions);
		return status;
	}
	*out_table = table;
	return RL_OK;
}

struct rl_need_cursor rl_need_start(const struct rl_image *image, const struct rl_dynamic *dynamic)
{
	return (struct rl_need_cursor){.near = {.image = image},
				       .dynamic = dynamic,
				       .need_vaddr = dynamic->verneed_vaddr,
				       .needs_left = dynamic->verneed_count};
}

/* Step to the next DT_VERNEED record; false at the end or on a bad one. */
static bool need_enter(struct rl_need_cursor *cursor, enum rl_status *out_status)
{
	if (cursor->needs_left == 0 || cursor->need_vaddr == 0)
		return false;
	const Elf64_Verneed *need = record(&cursor->near, cursor->need_vaddr, sizeof *need);
	if (need == NULL) {
		*out_status = RL_DYNAMIC_DAMAGED;
		return false;
	}
	if (need->vn_version != VER_NEED_CURRENT) {
		*out_status = RL_VERSION_FORMAT;
		return false;
	}
	cursor->file = rl_dynamic_string(cursor->dynamic, need->vn_file);
	cursor->aux_vaddr = cursor->need_vaddr + need->vn_aux;
	cursor->auxes_left = need->vn_cnt;
	cursor->need_vaddr = need->vn_next != 0 ? cursor->need_vaddr + need->vn_next : 0;
	cursor->needs_left--;
	return true;
}

bool rl_need_next(struct rl_need_cursor *cursor, struct rl_need *out_need, enum rl_status *out_status)
{
	*out_status = RL_OK;
	while (cursor->auxes_left == 0 || cursor->aux_vaddr == 0)
		if (!need_enter(cursor, out_status))
			return false;
	const Elf64_Vernaux *aux = record(&cursor->near, cursor->aux_vaddr, sizeof *aux);
	const char *version = aux == NULL ? NULL : rl_dynamic_string(cursor->dynamic, aux->vna_name);
	if (version == NULL || cursor->file == NULL) {
		*out_status = RL_DYNAMIC_DAMAGED;
		return false;
	}
	*out_need = (struct rl_need){.file = cursor->file,
				     .version = version,
				     .hash = aux->vna_hash,
				     .index = aux->vna_other & INDEX_MASK,
				     .is_weak = (aux->vna_flags & VER_FLG_WEAK) != 0};
	cursor->aux_vaddr = aux->vna_next != 0 ? cursor->aux_vaddr + aux->vna_next : 0;
	cursor->auxes_left--;
	return true;
}
