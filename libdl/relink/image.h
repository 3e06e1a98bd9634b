/* Images of any CPU as data: loaded into memory that the caller provides, and relocated there.  Nothing here calls the
 * kernel, libc or the engine, reads or writes anything global, or needs atomic instructions, so that it compiles for a
 * machine without any of them; what is not in the caller's callbacks does not exist. */
#ifndef RL_LIBDL_RELINK_IMAGE_H
#define RL_LIBDL_RELINK_IMAGE_H

#include <stdbool.h>

#include "../../include/relink.h"

/* Kinds of dynamic relocations; a CPU's numbers for them are data.  The names are those of the psABIs' formulas. */
enum image_kind {
	IMAGE_NONE,
	IMAGE_RELATIVE,  /* B + A */
	IMAGE_GLOB_DAT,  /* S */
	IMAGE_SYMBOLIC,  /* S + A */
	IMAGE_JUMP_SLOT, /* S */
	IMAGE_IRELATIVE, /* what the resolver at B + A says */
	IMAGE_COPY,
	IMAGE_DTPMOD,
	IMAGE_DTPOFF,
	IMAGE_TPOFF,
	IMAGE_TLSDESC,
	IMAGE_KIND_COUNT
};

struct image_cpu {
	uint16_t machine; /* e_machine */
	uint8_t word;     /* bytes of an address: the class */
	bool has_addends; /* RELA; otherwise they are in the places */
	uint16_t tls_bias; /* what offsets into a thread's block are less by */
	uint16_t types[IMAGE_KIND_COUNT]; /* relocation numbers; 0: it has none */
};

/* The CPU of an image, or NULL. */
const struct image_cpu *rl_image_cpu_find(unsigned machine, unsigned word);
enum image_kind rl_image_cpu_kind(const struct image_cpu *cpu, unsigned type);

/* A table of the dynamic section: in the image's memory, checked. */
struct image_table {
	const unsigned char *start;
	uint64_t size; /* bytes */
};

struct relink_image {
	const relink_backend *backend;
	const struct image_cpu *cpu;
	relink_image_info info;
	unsigned char *memory; /* of info.size bytes; the byte of address vaddr is at memory + vaddr - first */
	uint64_t first;        /* the lowest vaddr */
	unsigned char *phdrs;  /* of the backend's allocator */
	size_t phdr_count, phdr_size;
	struct image_table symbols, strings, hash, gnu_hash, versions, rel, rela, relr, plt;
	bool plt_has_addends;
};

static inline uint64_t rl_image_number(const unsigned char *bytes, unsigned size)
{
	uint64_t value = 0;
	while (size-- > 0)
		value = value << 8 | bytes[size];
	return value;
}

/* A field at one place in the 32-bit form of a record and at another in the 64-bit form; both SIZE bytes, 0: a word. */
static inline uint64_t rl_image_field(const struct relink_image *image, const unsigned char *record, unsigned narrow,
				      unsigned wide, unsigned size)
{
	unsigned word = image->cpu->word;
	return rl_image_number(record + (word == 4 ? narrow : wide), size != 0 ? size : word);
}

/* SIZE bytes at VADDR in the image's memory; NULL: outside. */
static inline unsigned char *rl_image_bytes(const struct relink_image *image, uint64_t vaddr, uint64_t size)
{
	uint64_t at = vaddr - image->first;
	return vaddr < image->first || at > image->info.size || size > image->info.size - at ? NULL : image->memory + at;
}

relink_status rl_image_fail(const struct relink_image *image, relink_error *error, relink_status status,
			    const char *symbol, unsigned value);

#endif
