/* Symbol versions: DT_VERDEF and DT_VERNEED (LSB, "Symbol Versioning"). */
#ifndef RL_ELF_VERSIONS_H
#define RL_ELF_VERSIONS_H

#include "symbols.h"

/* Versions by index, on the heap; the receiver owns them. */
struct rl_version_table {
	struct rl_version *versions;
	size_t count, capacity;
};

/* Read both sections. */
RL_NODISCARD enum rl_status rl_versions_read(const struct rl_image *image, const struct rl_dynamic *dynamic,
					     struct rl_version_table *out_table);

/* Walking DT_VERNEED for the check at load time: one requirement a call. */
struct rl_need_cursor {
	struct rl_stretch near;
	const struct rl_dynamic *dynamic;
	uint64_t need_vaddr, aux_vaddr; /* next records, 0 at the end */
	size_t needs_left, auxes_left;
	const char *file;
};

struct rl_need {
	const char *file, *version;
	uint32_t hash;
	size_t index; /* of the version in the table */
	bool is_weak;
};

struct rl_need_cursor rl_need_start(const struct rl_image *image, const struct rl_dynamic *dynamic);
/* False at the end.  *out_status is RL_VERSION_FORMAT or RL_DYNAMIC_DAMAGED on a bad record. */
bool rl_need_next(struct rl_need_cursor *cursor, struct rl_need *out_need, enum rl_status *out_status);

#endif
