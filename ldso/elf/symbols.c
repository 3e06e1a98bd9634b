/* Finding a definition in one object.  Pure and lock-free; the hot path of binding. */
#include "symbols.h"

#include <string.h>

enum { VERSYM_HIDDEN = 0x8000, VERSYM_INDEX = 0x7fff };

/* Filters for tables without one: everything passes, nothing passes. */
static const uint64_t bloom_all[1] = {~(uint64_t)0};
static const uint64_t bloom_none[1] = {0};

uint32_t rl_hash_sysv(const char *name)
{
	uint32_t hash = 0;
	for (const unsigned char *c = (const unsigned char *)name; *c != '\0'; c++) {
		hash = (hash << 4) + *c;
		hash ^= (hash >> 24) & 0xf0;
	}
	return hash & 0x0fffffff;
}

static enum rl_status gnu_hash_read(const struct rl_dynamic *dynamic, struct rl_symbols *out)
{
	const uint32_t *words = dynamic->gnu_hash;
	size_t limit = dynamic->gnu_hash_words;
	if (limit < 4)
		return RL_DYNAMIC_DAMAGED;
	uint32_t bucket_count = words[0], first_symbol = words[1], bloom_count = words[2], shift = words[3];
	uint64_t before_chains = 4 + (uint64_t)bloom_count * 2 + bucket_count;
	if (bucket_count == 0 || before_chains > limit) {
		/* The linkers write an empty table with one zero bucket; no bucket at all means no symbols. */
		return bucket_count == 0 ? RL_OK : RL_DYNAMIC_DAMAGED;
	}
	if (bloom_count == 0 || (bloom_count & (bloom_count - 1)) != 0 || shift >= 32)
		return RL_DYNAMIC_DAMAGED;
	out->bloom = (const uint64_t *)(words + 4);
	out->bloom_mask = bloom_count - 1;
	out->bloom_shift = shift;
	out->bucket_count = bucket_count;
	out->buckets = words + 4 + (size_t)bloom_count * 2;
	out->chains = out->buckets + bucket_count - first_symbol; /* indexed by symbol number */
	out->chain_first = first_symbol;
	uint64_t end = first_symbol + (limit - before_chains);
	out->chain_limit = end < dynamic->symbol_limit ? (uint32_t)end : (uint32_t)dynamic->symbol_limit;
	return RL_OK;
}

static enum rl_status sysv_hash_read(const struct rl_dynamic *dynamic, struct rl_symbols *out)
{
	const uint32_t *words = dynamic->sysv_hash;
	if (dynamic->sysv_hash_words < 2 || (uint64_t)words[0] + words[1] + 2 > dynamic->sysv_hash_words)
		return RL_DYNAMIC_DAMAGED;
	out->is_sysv_hash = true;
	out->bucket_count = words[0];
	out->bloom = words[0] != 0 ? bloom_all : bloom_none;
	out->buckets = words + 2;
	out->chains = words + 2 + words[0];
	out->chain_limit = words[1] < dynamic->symbol_limit ? words[1] : (uint32_t)dynamic->symbol_limit;
	return RL_OK;
}

enum rl_status rl_symbols_read(const struct rl_dynamic *dynamic, struct rl_symbols *out_symbols)
{
	struct rl_symbols out = {.bloom = bloom_none,
				 .symbols = dynamic->symbols,
				 .symbol_limit = dynamic->symbol_limit,
				 .strings = dynamic->strings,
				 .strings_size = dynamic->strings_size,
				 .versym = dynamic->versym,
				 .versym_limit = dynamic->versym_limit};
	if (dynamic->symbols != NULL && dynamic->strings != NULL) {
		if (dynamic->gnu_hash != NULL)
			RL_TRY(gnu_hash_read(dynamic, &out));
		else if (dynamic->sysv_hash != NULL)
			RL_TRY(sysv_hash_read(dynamic, &out));
		if (out.versym != NULL && out.chain_limit > out.versym_limit)
			out.chain_limit = (uint32_t)out.versym_limit;
	}
	*out_symbols = out;
	return RL_OK;
}

size_t rl_symbols_count(const struct rl_symbols *symbols)
{
	if (symbols->is_sysv_hash)
		return symbols->chain_limit;
	uint32_t last = 0;
	for (uint32_t i = 0; i < symbols->bucket_count; i++)
		if (symbols->buckets[i] > last)
			last = symbols->buckets[i];
	if (last == 0 || last < symbols->chain_first)
		return 0;
	while (last < symbols->chain_limit && (symbols->chains[last] & 1) == 0)
		last++;
	return (size_t)last + 1 <= symbols->symbol_limit ? (size_t)last + 1 : symbols->symbol_limit;
}

/* A search of one table. */
struct find {
	const struct rl_symbols *symbols;
	const struct rl_name *name;
	const struct rl_want *want;
	const Elf64_Sym *only_versioned; /* a definition with a default version, if it is the only one */
	unsigned versioned_count;
};

/* Whether a definition of this shape can satisfy a reference at all. */
static inline bool shape_matches(const Elf64_Sym *symbol, const struct rl_want *want)
{
	enum {
		TYPES = 1 << STT_NOTYPE | 1 << STT_OBJECT | 1 << STT_FUNC | 1 << STT_COMMON | 1 << STT_TLS
			| 1 << STT_GNU_IFUNC
	};
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	if (symbol->st_value == 0 && symbol->st_shndx != SHN_ABS && type != STT_TLS)
		return false;
	if (symbol->st_shndx == SHN_UNDEF && (want->skip_undefined_functions || type == STT_TLS))
		return false;
	return (TYPES >> type) & 1;
}

static inline uint64_t word_at(const char *bytes)
{
	uint64_t word;
	__builtin_memcpy(&word, bytes, sizeof word);
	return word;
}

/* Whether SIZE bytes are equal: names are short, and calling memcmp for them costs more than comparing. */
static inline bool bytes_equal(const char *a, const char *b, size_t size)
{
	if (size < sizeof(uint64_t)) {
		for (size_t i = 0; i < size; i++)
			if (a[i] != b[i])
				return false;
		return true;
	}
	size_t last = size - sizeof(uint64_t);
	for (size_t i = 0; i < last; i += sizeof(uint64_t))
		if (word_at(a + i) != word_at(b + i))
			return false;
	return word_at(a + last) == word_at(b + last);
}

/* Both strings end with a NUL inside SIZE bytes, so equal bytes are equal names. */
static inline bool name_matches(const struct rl_symbols *symbols, const Elf64_Sym *symbol, const struct rl_name *name)
{
	return symbol->st_name < symbols->strings_size && name->size <= symbols->strings_size - symbol->st_name
	       && bytes_equal(symbols->strings + symbol->st_name, name->string, name->size);
}

static bool version_is(const struct rl_version *defined, const struct rl_version *wanted)
{
	if (wanted == defined || wanted->definition == defined)
		return true;
	return defined->hash == wanted->hash && defined->name != NULL && strcmp(defined->name, wanted->name) == 0;
}

static inline bool version_matches(struct find *find, const Elf64_Sym *symbol, uint32_t index)
{
	const struct rl_symbols *symbols = find->symbols;
	const struct rl_version *wanted = find->want->version;
	if (symbols->versym == NULL)
		return true;
	uint16_t number = symbols->versym[index];
	uint16_t slot = number & VERSYM_INDEX;
	if (symbols->version_count == 0) /* nobody read the versions */
		return (number & VERSYM_HIDDEN) == 0;
	if (wanted != NULL) {
		const struct rl_version *defined = slot < symbols->version_count ? &symbols->versions[slot] : NULL;
		if (defined != NULL && version_is(defined, wanted))
			return true;
		/* A base or unversioned definition serves any reference that does not insist on its version. */
		return !wanted->is_hidden && (defined == NULL || defined->hash == 0) && (number & VERSYM_HIDDEN) == 0;
	}
	if (slot < (find->want->newest ? 2 : 3))
		return true;
	if ((number & VERSYM_HIDDEN) == 0 && find->versioned_count++ == 0)
		find->only_versioned = symbol;
	return false;
}

static inline bool candidate_matches(struct find *find, uint32_t index)
{
	const struct rl_symbols *symbols = find->symbols;
	const Elf64_Sym *symbol = &symbols->symbols[index];
	return shape_matches(symbol, find->want) && name_matches(symbols, symbol, find->name)
	       && version_matches(find, symbol, index);
}

static inline const Elf64_Sym *gnu_find(struct find *find)
{
	const struct rl_symbols *symbols = find->symbols;
	uint32_t hash = find->name->gnu_hash;
	uint32_t index = symbols->buckets[hash % symbols->bucket_count];
	if (index < symbols->chain_first || index == 0)
		return NULL;
	for (; index < symbols->chain_limit; index++) {
		uint32_t entry = symbols->chains[index];
		if (((entry ^ hash) >> 1) == 0 && candidate_matches(find, index))
			return &symbols->symbols[index];
		if (entry & 1)
			break;
	}
	return NULL;
}

static __attribute__((noinline)) const Elf64_Sym *sysv_find(struct find *find, struct rl_name *name)
{
	const struct rl_symbols *symbols = find->symbols;
	if (!name->sysv_ready) {
		name->sysv_hash = rl_hash_sysv(name->string);
		name->sysv_ready = true;
	}
	uint32_t index = symbols->buckets[name->sysv_hash % symbols->bucket_count];
	/* A damaged chain may loop: no walk is longer than the table. */
	for (uint32_t steps = 0; index != STN_UNDEF && index < symbols->chain_limit && steps < symbols->chain_limit;
	     steps++) {
		if (candidate_matches(find, index))
			return &symbols->symbols[index];
		index = symbols->chains[index];
	}
	return NULL;
}

__attribute__((flatten)) const Elf64_Sym *rl_symbols_find_filtered(const struct rl_symbols *symbols, struct rl_name *name,
					  const struct rl_want *want)
{
	if (symbols->bucket_count == 0)
		return NULL;
	struct find find = {.symbols = symbols, .name = name, .want = want};
	const Elf64_Sym *symbol = symbols->is_sysv_hash ? sysv_find(&find, name) : gnu_find(&find);
	if (symbol == NULL && find.versioned_count == 1)
		symbol = find.only_versioned;
	if (symbol == NULL)
		return NULL;
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
	if (visibility == STV_HIDDEN || visibility == STV_INTERNAL)
		return NULL;
	return ELF64_ST_BIND(symbol->st_info) == STB_LOCAL ? NULL : symbol;
}

const Elf64_Sym *rl_symbols_find(const struct rl_symbols *symbols, struct rl_name *name, const struct rl_want *want)
{
	if (!rl_bloom_may_have(symbols->bloom, symbols->bloom_mask, symbols->bloom_shift, name->gnu_hash))
		return NULL;
	return rl_symbols_find_filtered(symbols, name, want);
}
