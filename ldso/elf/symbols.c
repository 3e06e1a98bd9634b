/* The symbol table of one object: reading its hash tables, and searching it.  Pure and lock-free. */
#include "symbols.h"

#include <string.h>

#include "find.h"

/* Filters for tables without one: everything passes, nothing passes. */
static const uint64_t bloom_all[1] = {~(uint64_t)0};
static const uint64_t bloom_none[1] = {0};

static uint32_t sysv_hash(const char *name, size_t length)
{
	uint32_t hash = 0;
	for (size_t i = 0; i < length; i++) {
		hash = (hash << 4) + (unsigned char)name[i];
		hash ^= (hash >> 24) & 0xf0;
	}
	return hash & 0x0fffffff;
}

uint32_t rl_hash_sysv(const char *name)
{
	return sysv_hash(name, strlen(name));
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
	rl_buckets_set(out, bucket_count);
	out->buckets = words + 4 + (size_t)bloom_count * 2;
	out->chains = out->buckets + bucket_count - first_symbol; /* indexed by symbol number */
	out->chain_first = first_symbol != 0 ? first_symbol : 1; /* an empty bucket holds 0 */
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
	rl_buckets_set(out, words[0]);
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

static __attribute__((noinline)) const Elf64_Sym *sysv_find(const struct rl_symbols *symbols, struct rl_name *name,
							    const struct rl_want *want)
{
	struct rl_find_defaults defaults = {0};
	if (!name->sysv_ready) {
		name->sysv_hash = sysv_hash(name->string, name->size - 1);
		name->sysv_ready = true;
	}
	uint32_t index = symbols->buckets[name->sysv_hash % symbols->bucket_count];
	/* A damaged chain may loop: no walk is longer than the table. */
	for (uint32_t steps = 0; index != STN_UNDEF && index < symbols->chain_limit && steps < symbols->chain_limit;
	     steps++) {
		if (rl_find_matches(symbols, name, want, index, &defaults))
			return rl_find_result(&symbols->symbols[index], &defaults);
		index = symbols->chains[index];
	}
	return rl_find_result(NULL, &defaults);
}

const Elf64_Sym *rl_symbols_find_filtered(const struct rl_symbols *symbols, struct rl_name *name,
					  const struct rl_want *want)
{
	if (symbols->bucket_count == 0)
		return NULL;
	return symbols->is_sysv_hash ? sysv_find(symbols, name, want) : rl_find_gnu(symbols, name, want);
}

const Elf64_Sym *rl_symbols_find(const struct rl_symbols *symbols, struct rl_name *name, const struct rl_want *want)
{
	if (!rl_bloom_may_have(symbols->bloom, symbols->bloom_mask, symbols->bloom_shift, name->gnu_hash))
		return NULL;
	return rl_symbols_find_filtered(symbols, name, want);
}
