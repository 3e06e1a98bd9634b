/* Finding a definition in one object's table: the inner loop of binding, inline because what a call saves and
 * restores would cost more than a usual search.  Pure and lock-free.  Follows gABI "Symbol Table" and "Hash Table",
 * the GNU hash section and GNU symbol versioning; everything else includes symbols.h. */
#ifndef RL_ELF_FIND_H
#define RL_ELF_FIND_H

#include "symbols.h"

/* A search for a name without a version: it takes a default version if the table has no other definition. */
struct rl_find_defaults {
	const Elf64_Sym *symbol;
	unsigned count;
};

/* Whether a definition of this shape can satisfy a reference at all. */
static inline bool rl_find_shape_matches(const Elf64_Sym *symbol, const struct rl_want *want)
{
	enum {
		TYPES = 1 << STT_NOTYPE | 1 << STT_OBJECT | 1 << STT_FUNC | 1 << STT_COMMON | 1 << STT_TLS
			| 1 << STT_GNU_IFUNC
	};
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	if (__builtin_expect(symbol->st_value == 0, 0) && symbol->st_shndx != SHN_ABS && type != STT_TLS)
		return false;
	if (__builtin_expect(symbol->st_shndx == SHN_UNDEF, 0) && (want->skip_undefined_functions || type == STT_TLS))
		return false;
	return (TYPES >> type) & 1;
}

/* Whether SIZE bytes are equal: names are short, and calling memcmp for them costs more than comparing. */
static inline bool rl_find_bytes_equal(const char *a, const char *b, size_t size)
{
	if (__builtin_expect(size < sizeof(uint64_t), 0)) {
		for (size_t i = 0; i < size; i++)
			if (a[i] != b[i])
				return false;
		return true;
	}
	const char *last = a + (size - sizeof(uint64_t));
	for (; a < last; a += sizeof(uint64_t), b += sizeof(uint64_t))
		if (rl_name_word(a) != rl_name_word(b))
			return false;
	return rl_name_word(last) == rl_name_word(b - (a - last));
}

/* Both strings end with a NUL inside SIZE bytes, so equal bytes are equal names. */
static inline bool rl_find_name_matches(const struct rl_symbols *symbols, const Elf64_Sym *symbol,
					const struct rl_name *name)
{
	uint64_t end = symbol->st_name + name->size; /* a size in memory: no overflow */
	if (__builtin_expect(name->is_open, 0))
		return end <= symbols->strings_size && symbols->strings[end - 1] == '\0'
		       && rl_find_bytes_equal(symbols->strings + symbol->st_name, name->string, name->size - 1);
	return end <= symbols->strings_size
	       && rl_find_bytes_equal(symbols->strings + symbol->st_name, name->string, name->size);
}

static inline bool rl_find_version_is(const struct rl_version *defined, const struct rl_version *wanted)
{
	if (__builtin_expect(wanted->definition == defined, 1) || wanted == defined)
		return true;
	return defined->hash == wanted->hash && defined->name != NULL
	       && rl_name_text_equal(defined->name, defined->name, wanted->name, wanted->name);
}

static inline bool rl_find_version_matches(const struct rl_symbols *symbols, const struct rl_want *want,
					   uint32_t index, struct rl_find_defaults *defaults)
{
	enum { VERSYM_HIDDEN = 0x8000, VERSYM_INDEX = 0x7fff };
	const struct rl_version *wanted = want->version;
	if (symbols->versym == NULL)
		return true;
	uint16_t number = symbols->versym[index];
	uint16_t slot = number & VERSYM_INDEX;
	if (__builtin_expect(symbols->version_count == 0, 0)) /* nobody read the versions */
		return (number & VERSYM_HIDDEN) == 0;
	if (wanted != NULL) {
		const struct rl_version *defined = slot < symbols->version_count ? &symbols->versions[slot] : NULL;
		if (defined != NULL && rl_find_version_is(defined, wanted))
			return true;
		/* A base or unversioned definition serves any reference that does not insist on its version. */
		return !wanted->is_hidden && (defined == NULL || defined->hash == 0) && (number & VERSYM_HIDDEN) == 0;
	}
	if (slot < (want->newest ? 2 : 3))
		return true;
	if ((number & VERSYM_HIDDEN) == 0 && defaults->count++ == 0)
		defaults->symbol = &symbols->symbols[index];
	return false;
}

static inline bool rl_find_matches(const struct rl_symbols *symbols, const struct rl_name *name,
				   const struct rl_want *want, uint32_t index, struct rl_find_defaults *defaults)
{
	const Elf64_Sym *symbol = &symbols->symbols[index];
	return rl_find_shape_matches(symbol, want) && rl_find_name_matches(symbols, symbol, name)
	       && rl_find_version_matches(symbols, want, index, defaults);
}

/* What was found, if a search may give it. */
static inline const Elf64_Sym *rl_find_result(const Elf64_Sym *symbol, const struct rl_find_defaults *defaults)
{
	if (symbol == NULL && defaults->count == 1)
		symbol = defaults->symbol;
	if (symbol == NULL)
		return NULL;
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
	if (visibility == STV_HIDDEN || visibility == STV_INTERNAL || ELF64_ST_BIND(symbol->st_info) == STB_LOCAL)
		return NULL;
	return symbol;
}

/* The definition in a table with a GNU hash whose filter let the name pass. */
static inline __attribute__((always_inline)) const Elf64_Sym *
rl_find_gnu(const struct rl_symbols *symbols, const struct rl_name *name, const struct rl_want *want)
{
	struct rl_find_defaults defaults = {0};
	uint32_t hash = name->gnu_hash;
	uint32_t index = symbols->buckets[rl_bucket_of(symbols, hash)], entry;
	if (index < symbols->chain_first)
		return NULL;
	for (; index < symbols->chain_limit; index++) {
		entry = symbols->chains[index];
		if (((entry ^ hash) >> 1) == 0
		    && rl_find_matches(symbols, name, want, index, &defaults))
			return rl_find_result(&symbols->symbols[index], &defaults);
		if (entry & 1)
			break;
	}
	return rl_find_result(NULL, &defaults);
}

#endif
