/* Reading DT_VERDEF and DT_VERNEED.  Pure; every record is reached through the bounded view. */
#include "versions.h"

#include <string.h>

enum { INDEX_MASK = 0x7fff, HIDDEN = 0x8000 };

static const void *record(const struct rl_image *image, uint64_t vaddr, size_t size)
{
	return vaddr % 4 == 0 ? rl_image_array(image, vaddr, 1, size) : NULL;
}

/* What a walk does with each definition and requirement. */
struct version_sink {
	struct rl_version *versions; /* NULL: only find the highest index */
	size_t count, highest;
};

static enum rl_status sink_put(struct version_sink *sink, size_t index, struct rl_version version)
{
	if (index > sink->highest)
		sink->highest = index;
	if (sink->versions != NULL && index < sink->count)
		sink->versions[index] = version;
	return version.name == NULL ? RL_DYNAMIC_DAMAGED : RL_OK;
}

static enum rl_status definitions_walk(const struct rl_image *image, const struct rl_dynamic *dynamic,
				       struct version_sink *sink)
{
	uint64_t vaddr = dynamic->verdef_vaddr;
	for (size_t left = dynamic->verdef_count; left != 0 && vaddr != 0; left--) {
		const Elf64_Verdef *def = record(image, vaddr, sizeof *def);
		if (def == NULL)
			return RL_DYNAMIC_DAMAGED;
		if (def->vd_version != VER_DEF_CURRENT)
			return RL_VERSION_FORMAT;
		const Elf64_Verdaux *aux = record(image, vaddr + def->vd_aux, sizeof *aux);
		if (aux == NULL)
			return RL_DYNAMIC_DAMAGED;
		/* The base version names the file itself: it is no version a reference could ask for. */
		if ((def->vd_flags & VER_FLG_BASE) == 0) {
			struct rl_version version = {.name = rl_dynamic_string(dynamic, aux->vda_name),
						     .hash = def->vd_hash};
			RL_TRY(sink_put(sink, def->vd_ndx & INDEX_MASK, version));
		}
		vaddr = def->vd_next != 0 ? vaddr + def->vd_next : 0;
	}
	return RL_OK;
}

static enum rl_status requirements_walk(const struct rl_image *image, const struct rl_dynamic *dynamic,
					struct version_sink *sink)
{
	uint64_t vaddr = dynamic->verneed_vaddr;
	for (size_t left = dynamic->verneed_count; left != 0 && vaddr != 0; left--) {
		const Elf64_Verneed *need = record(image, vaddr, sizeof *need);
		if (need == NULL)
			return RL_DYNAMIC_DAMAGED;
		const char *file = rl_dynamic_string(dynamic, need->vn_file);
		uint64_t aux_vaddr = vaddr + need->vn_aux;
		for (size_t auxes = need->vn_cnt; auxes != 0; auxes--) {
			const Elf64_Vernaux *aux = record(image, aux_vaddr, sizeof *aux);
			if (aux == NULL || file == NULL)
				return RL_DYNAMIC_DAMAGED;
			struct rl_version version = {.name = rl_dynamic_string(dynamic, aux->vna_name),
						     .file = file,
						     .hash = aux->vna_hash,
						     .is_hidden = (aux->vna_other & HIDDEN) != 0};
			RL_TRY(sink_put(sink, aux->vna_other & INDEX_MASK, version));
			if (aux->vna_next == 0)
				break;
			aux_vaddr += aux->vna_next;
		}
		vaddr = need->vn_next != 0 ? vaddr + need->vn_next : 0;
	}
	return RL_OK;
}

enum rl_status rl_versions_limit(const struct rl_image *image, const struct rl_dynamic *dynamic, size_t *out_count)
{
	struct version_sink sink = {.highest = 0};
	RL_TRY(definitions_walk(image, dynamic, &sink));
	RL_TRY(requirements_walk(image, dynamic, &sink));
	*out_count = sink.highest == 0 ? 0 : sink.highest + 1;
	return RL_OK;
}

enum rl_status rl_versions_read(const struct rl_image *image, const struct rl_dynamic *dynamic,
				struct rl_version *versions, size_t count)
{
	struct version_sink sink = {.versions = versions, .count = count};
	RL_TRY(requirements_walk(image, dynamic, &sink));
	return definitions_walk(image, dynamic, &sink);
}

struct rl_need_cursor rl_need_start(const struct rl_image *image, const struct rl_dynamic *dynamic)
{
	return (struct rl_need_cursor){.image = image,
				       .dynamic = dynamic,
				       .need_vaddr = dynamic->verneed_vaddr,
				       .needs_left = dynamic->verneed_count};
}

/* Step to the next DT_VERNEED record; false at the end or on a bad one. */
static bool need_enter(struct rl_need_cursor *cursor, enum rl_status *out_status)
{
	if (cursor->needs_left == 0 || cursor->need_vaddr == 0)
		return false;
	const Elf64_Verneed *need = record(cursor->image, cursor->need_vaddr, sizeof *need);
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
	const Elf64_Vernaux *aux = record(cursor->image, cursor->aux_vaddr, sizeof *aux);
	const char *version = aux == NULL ? NULL : rl_dynamic_string(cursor->dynamic, aux->vna_name);
	if (version == NULL || cursor->file == NULL) {
		*out_status = RL_DYNAMIC_DAMAGED;
		return false;
	}
	*out_need = (struct rl_need){.file = cursor->file,
				     .version = version,
				     .hash = aux->vna_hash,
				     .is_weak = (aux->vna_flags & VER_FLG_WEAK) != 0};
	cursor->aux_vaddr = aux->vna_next != 0 ? cursor->aux_vaddr + aux->vna_next : 0;
	cursor->auxes_left--;
	return true;
}
