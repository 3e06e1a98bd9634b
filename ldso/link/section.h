/* Relocatable files (ET_REL) as objects: sections laid out in memory, GOT, stubs and symbol table made for them.
 * Follows gABI "Sections", "Relocation" and the CPU's psABI.  A product that has no use for them leaves
 * linker->object_files NULL. */
#ifndef RL_LINK_SECTION_H
#define RL_LINK_SECTION_H

#include "linker.h"

struct rl_relocatable;

/* What the engine calls: load like map and read, relocate like rl_relocate, drop what is left of the work. */
struct rl_object_files {
	enum rl_status (*load)(struct rl_linker *linker, const struct rl_file *file, uint64_t file_size,
			       struct rl_object *object, struct rl_diag *diag);
	enum rl_status (*relocate)(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag);
	void (*drop)(struct rl_object *object);
	/* The file, and where its sections are (distances from the bias; UINT64_MAX: not loaded).  False: it is relocated
	 * already. */
	bool (*look)(const struct rl_object *object, const struct rl_relocatable **out_file,
		     const uint64_t **out_places);
};
extern const struct rl_object_files rl_object_files;

/* While the object is not relocated: name of its symbol INDEX, "" if there is none. */
const char *rl_draft_symbol(const struct rl_object *object, uint32_t index);

#endif
