/* The symbol table of one object, laid out for lookup: hashes, names and versions.
 * Follows gABI "Symbol Table", the GNU hash section, and GNU symbol versioning. */
#ifndef RL_ELF_SYMBOLS_H
#define RL_ELF_SYMBOLS_H

#include <stdbool.h>

#include "dynamic.h"
#include "name.h"

/* A version an object defines or needs; index in its array = the number in DT_VERSYM. */
struct rl_version {
	const char *name; /* NULL: the index is not in use */
	const char *file; /* needed versions: the library that should define it; NULL for definitions */
	/* Needed versions, once checked: the record of the object that defines it, so that binding compares pointers. */
	const struct rl_version *definition;
	uint32_t hash;
	bool is_hidden; /* needed with VER_NDX hidden bit: only this version will do */
};

struct rl_symbols {
	/* Hot: one cache line. */
	const uint64_t *bloom; /* GNU hash filter; a word of ones or zeros for tables without one */
	uint32_t bloom_mask, bloom_shift;
	uint32_t bucket_count; /* 0: nothing can be found here; set it with rl_buckets_set */
	uint32_t chain_limit;  /* readable chain words, as an index bound like symbol numbers */
	const uint32_t *buckets;
	const uint32_t *chains; /* GNU: indexed by symbol number; SysV: DT_HASH chain */
	const Elf64_Sym *symbols;
	const char *strings;
	size_t strings_size;

	uint64_t bucket_reciprocal; /* of bucket_count: dividing takes longer than all the rest of finding a bucket */
	size_t symbol_limit;
	uint32_t chain_first; /* the lowest symbol number a chain may hold */
	bool is_sysv_hash;
	const Elf64_Half *versym; /* NULL: unversioned; readable for every index below versym_limit */
	size_t versym_limit;
	struct rl_version *versions; /* owned by the object */
	size_t version_count;
};

uint32_t rl_hash_sysv(const char *name);

/* What asks for the version NAME and no other, not even a base one, as dlvsym does. */
static inline struct rl_version rl_version_exact(const char *name)
{
	return (struct rl_version){.name = name, .hash = rl_hash_sysv(name), .is_hidden = true};
}

/* Set up the table from a dynamic section that was read.  Versions are read separately (versions.h). */
RL_NODISCARD enum rl_status rl_symbols_read(const struct rl_dynamic *dynamic, struct rl_symbols *out_symbols);

/* Number of symbols: exact, by walking the hash table; for dladdr and listings, not for hot paths. */
size_t rl_symbols_count(const struct rl_symbols *symbols);

/* What the reference asks for, and how the definition is allowed to be. */
struct rl_want {
	const struct rl_version *version; /* NULL: any default */
	bool newest;                      /* without a version: also accept a non-base default version (dlsym) */
	bool skip_undefined_functions;    /* PLT and TLS references do not bind to a canonical PLT entry */
};

/* The definition of NAME in this table that WANT accepts (any binding but local, visibility not hidden), or NULL.
 * rl_symbols_find_filtered is for callers that asked the bloom filter themselves. */
const Elf64_Sym *rl_symbols_find_filtered(const struct rl_symbols *symbols, struct rl_name *name,
					  const struct rl_want *want);
const Elf64_Sym *rl_symbols_find(const struct rl_symbols *symbols, struct rl_name *name, const struct rl_want *want);

static inline void rl_buckets_set(struct rl_symbols *symbols, uint32_t count)
{
	symbols->bucket_count = count;
	symbols->bucket_reciprocal = count == 0 ? 0 : UINT64_MAX / count + 1;
}

/* HASH % bucket_count, exactly (Lemire, Kaser and Kurz, "Faster remainder by direct computation").  A count of 1 has
 * the reciprocal 0, which gives 0 as well. */
static inline uint32_t rl_bucket_of(const struct rl_symbols *symbols, uint32_t hash)
{
	uint64_t fraction = symbols->bucket_reciprocal * hash;
	return (uint32_t)(((unsigned __int128)fraction * symbols->bucket_count) >> 64);
}

/* Whether the bloom filter lets HASH pass: false means the name is surely not here. */
static inline bool rl_bloom_may_have(const uint64_t *bloom, uint32_t mask, uint32_t shift, uint32_t hash)
{
	uint64_t word = bloom[(hash / 64) & mask];
	if ((word >> (hash % 64) & 1) == 0)
		return false;
	/* Most names fail the first test; compilers would make one longer test of both. */
	__asm__ volatile("");
	return word >> ((hash >> shift) % 64) & 1;
}

#endif
