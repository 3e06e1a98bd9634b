/* Reading DT_VERDEF and DT_VERNEED.  Pure; every record is reached through the bounded view. */
#include "versions.h"

#include "../base/heap.h"

enum { INDEX_MASK = 0x7fff, HIDDEN = 0x8000 };

/* The records of a section lie close together: what can be read from the first one on. */
struct window {
	const struct rl_image *image;
	uint64_t start, size;
};

static struct window window_open(const struct rl_image *image, uint64_t vaddr)
{
	return (struct window){image, vaddr, rl_image_reach(image, vaddr)};
}

static inline const void *record(const struct window *window, uint64_t vaddr, size_t size)
{
	uint64_t offset = vaddr - window->start;
	if (vaddr % 4 != 0 || offset > window->size || window->size - offset < size)
		return NULL;
	return (const void *)(window->image->bias + vaddr);
}

static enum rl_status table_put(struct rl_version_table *table, size_t index, struct rl_version version)
{
	if (version.name == NULL)
		return RL_DYNAMIC_DAMAGED;
	if (index >= table->capacity) {
		size_t capacity = index + 16;
		struct rl_version *grown = rl_heap_grow(table->versions, table->count * sizeof *grown,
							capacity * sizeof *grown);
		if (grown == NULL)
			return RL_NO_MEMORY;
		table->versions = grown;
		table->capacity = capacity;
	}
	if (index >= table->count)
		table->count = index + 1;
	table->versions[index] = version;
	return RL_OK;
}

static enum rl_status definitions_walk(const struct rl_image *image, const struct rl_dynamic *dynamic,
				       struct rl_version_table *table)
{
	uint64_t vaddr = dynamic->verdef_vaddr;
	struct window window = window_open(image, vaddr);
	for (size_t left = dynamic->verdef_count; left != 0 && vaddr != 0; left--) {
		const Elf64_Verdef *def = record(&window, vaddr, sizeof *def);
		if (def == NULL)
			return RL_DYNAMIC_DAMAGED;
		if (def->vd_version != VER_DEF_CURRENT)
			return RL_VERSION_FORMAT;
		const Elf64_Verdaux *aux = record(&window, vaddr + def->vd_aux, sizeof *aux);
		if (aux == NULL)
			return RL_DYNAMIC_DAMAGED;
		/* The base version names the file itself: it is no version a reference could ask for. */
		if ((def->vd_flags & VER_FLG_BASE) == 0) {
			struct rl_version version = {.name = rl_dynamic_string(dynamic, aux->vda_name),
						     .hash = def->vd_hash};
			RL_TRY(table_put(table, def->vd_ndx & INDEX_MASK, version));
		}
		vaddr = def->vd_next != 0 ? vaddr + def->vd_next : 0;
	}
	return RL_OK;
}

static enum rl_status requirements_walk(const struct rl_image *image, const struct rl_dynamic *dynamic,
					struct rl_version_table *table)
{
	uint64_t vaddr = dynamic->verneed_vaddr;
	struct window window = window_open(image, vaddr);
	for (size_t left = dynamic->verneed_count; left != 0 && vaddr != 0; left--) {
		const Elf64_Verneed *need = record(&window, vaddr, sizeof *need);
		if (need == NULL)
			return RL_DYNAMIC_DAMAGED;
		const char *file = rl_dynamic_string(dynamic, need->vn_file);
		uint64_t aux_vaddr = vaddr + need->vn_aux;
		for (size_t auxes = need->vn_cnt; auxes != 0; auxes--) {
			const Elf64_Vernaux *aux = record(&window, aux_vaddr, sizeof *aux);
			if (aux == NULL || file == NULL)
				return RL_DYNAMIC_DAMAGED;
			struct rl_version version = {.name = rl_dynamic_string(dynamic, aux->vna_name),
						     .file = file,
						     .hash = aux->vna_hash,
						     .is_hidden = (aux->vna_other & HIDDEN) != 0};
			RL_TRY(table_put(table, aux->vna_other & INDEX_MASK, version));
			if (aux->vna_next == 0)
				break;
			aux_vaddr += aux->vna_next;
		}
		vaddr = need->vn_next != 0 ? vaddr + need->vn_next : 0;
	}
	return RL_OK;
}

enum rl_status rl_versions_read(const struct rl_image *image, const struct rl_dynamic *dynamic,
				struct rl_version_table *out_table)
{
	enum { USUAL_NEEDS = 8 }; /* versions that a file asks another for */
	struct rl_version_table table = {0};
	enum rl_status status = RL_OK;
	/* Indexes are usually dense: room for all at once.  A count that is absurd is no guess. */
	size_t guess = dynamic->verdef_count + USUAL_NEEDS * dynamic->verneed_count;
	if (guess != 0 && guess < UINT16_MAX) {
		table.versions = rl_heap_take((guess + 2) * sizeof *table.versions);
		table.capacity = table.versions == NULL ? 0 : guess + 2;
	}
	if (dynamic->verdef_count != 0)
		status = definitions_walk(image, dynamic, &table);
	if (status == RL_OK && dynamic->verneed_count != 0)
		status = requirements_walk(image, dynamic, &table);
	if (status != RL_OK) {
		rl_heap_give(table.versions);
		return status;
	}
	*out_table = table;
	return RL_OK;
}

struct rl_need_cursor rl_need_start(const struct rl_image *image, const struct rl_dynamic *dynamic)
{
	return (struct rl_need_cursor){.image = image,
				       .dynamic = dynamic,
				       .reach = rl_image_reach(image, dynamic->verneed_vaddr),
				       .need_vaddr = dynamic->verneed_vaddr,
				       .needs_left = dynamic->verneed_count};
}

/* Step to the next DT_VERNEED record; false at the end or on a bad one. */
static bool need_enter(struct rl_need_cursor *cursor, enum rl_status *out_status)
{
	if (cursor->needs_left == 0 || cursor->need_vaddr == 0)
		return false;
	struct window window = {cursor->image, cursor->dynamic->verneed_vaddr, cursor->reach};
	const Elf64_Verneed *need = record(&window, cursor->need_vaddr, sizeof *need);
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
	struct window window = {cursor->image, cursor->dynamic->verneed_vaddr, cursor->reach};
	const Elf64_Vernaux *aux = record(&window, cursor->aux_vaddr, sizeof *aux);
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
