/* A relocatable file between loading and relocation: private to section.c, arrange.c, meaning.c and assemble.c. */
#ifndef RL_LINK_DRAFT_H
#define RL_LINK_DRAFT_H

#include "../../arch/section.h"
#include "../elf/relocatable.h"
#include "section.h"

enum rl_draft_part { RL_PART_CODE, RL_PART_READ, RL_PART_WRITE, RL_PART_COUNT };

/* Program headers of the result: one a part, then these. */
enum { RL_DRAFT_TLS = RL_PART_COUNT, RL_DRAFT_FRAMES, RL_DRAFT_PHDRS };

/* What relocations want of a symbol: GOT words, by the number of the first, and a stub; number + 1; 0: none. */
struct rl_draft_wants {
	uint32_t word;       /* its address */
	uint32_t index;      /* two: TLS module and offset */
	uint32_t offset;     /* its distance from the thread pointer */
	uint32_t descriptor; /* two: a TLS descriptor */
	uint32_t stub;
};

/* What a symbol of the file stands for. */
struct rl_meaning {
	uintptr_t address; /* IFUNC: of the resolver; TLS: offset in the block */
	uint64_t size;
	struct rl_object *definer; /* TLS: whose block; NULL: an undefined weak reference */
	uintptr_t copy;   /* of a constant that is too far away; 0: none was made */
	bool is_known, is_ifunc, is_tls, is_data, is_constant;
};

struct rl_draft {
	struct rl_relocatable file; /* file.bytes are owned */
	uint64_t *places;   /* of each section, from the start of the mapping; UINT64_MAX: not loaded */
	uint64_t *values;   /* of each symbol: distance from the start of the mapping (TLS: in its block) */
	struct rl_draft_wants *wants;  /* of each symbol */
	struct rl_meaning *meanings;   /* of each symbol, as they become known */
	size_t got_count, stub_count;
	uint32_t local_module; /* GOT word of our own TLS module + 1 */
	uint64_t starts[RL_PART_COUNT], ends[RL_PART_COUNT]; /* page-aligned */
	uint64_t got, stub_start; /* places */
	uint64_t copies, copies_end; /* the rest of the room for copies of constants */
	size_t copy_count;           /* symbols that may want one */
	uint64_t frames, frames_header; /* places of .eh_frame and of what points at it; 0: none */
	uint64_t calls;     /* place of the arrays of constructors and destructors */
	size_t init_count, fini_count; /* at most */
	uint64_t handle, finish; /* places: __dso_handle, and the code that calls __cxa_finalize with it */
	uint32_t finish_word;    /* GOT word with the address of __cxa_finalize + 1; 0: not wanted */
	bool needs_low; /* 32-bit addresses: the mapping must lie low */
	Elf64_Phdr *phdrs;
};

/* What is being relocated. */
struct rl_assembly {
	struct rl_linker *linker;
	struct rl_object *object;
	struct rl_draft *draft;
	struct rl_diag *diag;
	uintptr_t base;
	const char *subject; /* of failures: the object's path, or the file among several that a relocation is in */
};

/* Whether a section holds constructors (IS_INIT) or destructors, and their rank, as link editors sort them: the lower
 * comes first.  Lists of the old form, .ctors and .dtors, are in reverse order. */
bool rl_draft_holds_calls(const struct rl_draft *draft, const Elf64_Shdr *section, bool is_init,
			  unsigned long *out_rank, bool *out_is_reversed);

/* arrange.c: places for everything, memory for them, the object's symbol table.  *out_error: the errno of a failure. */
RL_NODISCARD enum rl_status rl_draft_arrange(struct rl_linker *linker, struct rl_draft *draft, struct rl_object *object,
					     int *out_error);

/* meaning.c: what symbol INDEX stands for, as the scope of the object has it. */
RL_NODISCARD enum rl_status rl_meaning_find(const struct rl_assembly *a, uint32_t index,
					    const struct rl_meaning **out_meaning);

#endif
