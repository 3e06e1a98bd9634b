/* The relocation of one object while it goes on; what the parts of relocate.h share. */
#ifndef RL_LINK_RELOCATOR_H
#define RL_LINK_RELOCATOR_H

#include "relocate.h"

/* Places need not be aligned: members of packed structures are not. */
typedef uintptr_t __attribute__((aligned(1), may_alias)) rl_reloc_word;
typedef uint32_t __attribute__((aligned(1), may_alias)) rl_reloc_half;

struct rl_relocator {
	struct rl_linker *linker;
	struct rl_object *object;
	struct rl_diag *diag;
	uintptr_t bias;
	struct rl_prefix *prefix;
	uintptr_t low, room; /* places from low to low + room can be written: the segment the last one was in */
	bool has_text_relocations;

	/* The last reference: linkers sort relocations by symbol. */
	uint32_t memo_index;
	enum rl_reference_class memo_class;
	bool has_memo;
	struct rl_binding memo;

	struct rl_deferred *deferred; /* places whose value an IFUNC resolver gives */
	size_t deferred_count, deferred_capacity;
};

/* The SIZE writable bytes at OFFSET, or NULL if the object has none there. */
rl_reloc_word *rl_reloc_find(struct rl_relocator *r, uint64_t offset, size_t size);

/* A relocation of TYPE has no place, or no value, that it could have in a sound file. */
RL_NODISCARD enum rl_status rl_reloc_damaged(struct rl_relocator *r, unsigned type);

/* special.c: apply RELA of TYPE, whose value is not simply the address of its symbol, which is in r->memo.  WORD: its place;
 * NULL: that has less than eight bytes. */
RL_NODISCARD enum rl_status rl_reloc_apply_special(struct rl_relocator *r, const Elf64_Rela *rela, uint32_t type,
						   rl_reloc_word *word);

#endif
