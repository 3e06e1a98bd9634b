/* The dynamic section, read once into checked pointers (gABI "Dynamic Section"). */
#ifndef RL_ELF_DYNAMIC_H
#define RL_ELF_DYNAMIC_H

#include <stdbool.h>

#include "../base/status.h"
#include "image.h"

struct rl_table {
	const void *start; /* NULL if absent */
	size_t count;
};

/* Everything a file says in its dynamic section.  Pointers lie in the image and stay valid while it is mapped. */
struct rl_dynamic {
	const Elf64_Dyn *entries; /* up to and including DT_NULL */
	size_t entry_count;
	size_t needs_end; /* no DT_NEEDED, DT_FILTER or DT_AUXILIARY from this entry on */

	const char *strings; /* DT_STRTAB; the last byte is known to be NUL */
	size_t strings_size;
	const Elf64_Sym *symbols; /* DT_SYMTAB */
	size_t symbol_limit;      /* symbols that fit before the segment ends; an index below it can be read */

	const uint32_t *gnu_hash;  /* DT_GNU_HASH, NULL if absent */
	size_t gnu_hash_words;     /* readable words from there */
	const uint32_t *sysv_hash; /* DT_HASH */
	size_t sysv_hash_words;

	struct rl_table rela;     /* DT_RELA, of Elf64_Rela */
	struct rl_table plt;      /* DT_JMPREL, of Elf64_Rela */
	struct rl_table relr;     /* DT_RELR, of Elf64_Relr words */
	size_t relative_count;    /* DT_RELACOUNT: leading RELATIVE entries of rela, at most rela.count */
	uintptr_t *plt_got;       /* DT_PLTGOT with room for three words, or NULL */

	const Elf64_Half *versym; /* DT_VERSYM, as long as symbol_limit or the segment, whichever ends first */
	size_t versym_limit;
	uint64_t verdef_vaddr, verneed_vaddr; /* 0 if absent */
	size_t verdef_count, verneed_count;

	uintptr_t init, fini;     /* addresses, 0 if absent, or if the process's libc does not hear of them */
	struct rl_table preinit_array;          /* of uintptr_t, perhaps at an odd address */
	struct rl_table init_array, fini_array; /* of uintptr_t */

	const char *soname, *rpath, *runpath; /* in strings, or NULL */
	uint64_t flags, flags_1;
	bool has_text_relocations, is_symbolic, binds_now;
};

/* Read the section at VADDR, to DT_NULL.  RL_DYNAMIC_DAMAGED if anything it points at is not in the image. */
RL_NODISCARD enum rl_status rl_dynamic_read(const struct rl_image *image, uint64_t vaddr,
					    struct rl_dynamic *out_dynamic);

/* The same of COUNT entries that are not where the image has them: a linker that changed its own in memory. */
RL_NODISCARD enum rl_status rl_dynamic_read_entries(const struct rl_image *image, const Elf64_Dyn *entries,
						    size_t count, struct rl_dynamic *out_dynamic);

/* The string at OFFSET, or NULL if the offset is outside the table. */
static inline const char *rl_dynamic_string(const struct rl_dynamic *dynamic, uint64_t offset)
{
	return offset < dynamic->strings_size ? dynamic->strings + offset : NULL;
}

#endif
