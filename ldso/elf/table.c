/* Making a symbol table: the symbols sorted by bucket, as the GNU hash section wants them.  Pure. */
#include "table.h"

#include "../base/heap.h"

enum { BLOOM_SHIFT = 26, WORD_BITS = 64 };

/* The parts of the block. */
struct parts {
	Elf64_Sym *symbols; /* number 0 is the null symbol */
	uint64_t *bloom;
	uint32_t *buckets, *chains;
	Elf64_Half *versym;
	uint32_t bucket_count, bloom_count;
};

static void *parts_take(struct parts *parts, size_t count, bool has_versions)
{
	parts->bucket_count = 1;
	while (parts->bucket_count < count)
		parts->bucket_count *= 2;
	parts->bloom_count = 1;
	while (parts->bloom_count < parts->bucket_count / 4)
		parts->bloom_count *= 2;
	size_t bytes = (count + 1) * sizeof *parts->symbols + parts->bloom_count * sizeof *parts->bloom
		       + (parts->bucket_count + count + 1) * sizeof *parts->chains
		       + (has_versions ? (count + 1) * sizeof *parts->versym : 0);
	char *block = rl_heap_take(bytes);
	if (block == NULL)
		return NULL;
	parts->symbols = (Elf64_Sym *)block;
	parts->bloom = (uint64_t *)(parts->symbols + count + 1);
	parts->buckets = (uint32_t *)(parts->bloom + parts->bloom_count);
	parts->chains = parts->buckets + parts->bucket_count;
	parts->versym = has_versions ? (Elf64_Half *)(parts->chains + count + 1) : NULL;
	return block;
}

/* buckets[b]: first the number of symbols before bucket B's, then, counted up while they are placed, behind them. */
static void symbols_place(const struct rl_symbol_list *list, const struct parts *parts)
{
	uint32_t mask = parts->bucket_count - 1, next = 1;
	for (size_t i = 0; i < list->count; i++)
		parts->buckets[rl_hash_gnu(list->strings + list->symbols[i].st_name) & mask]++;
	for (uint32_t b = 0; b < parts->bucket_count; b++) {
		uint32_t count = parts->buckets[b];
		parts->buckets[b] = next;
		next += count;
	}
	for (size_t i = 0; i < list->count; i++) {
		uint32_t hash = rl_hash_gnu(list->strings + list->symbols[i].st_name);
		uint32_t at = parts->buckets[hash & mask]++;
		parts->symbols[at] = list->symbols[i];
		parts->chains[at] = hash & ~(uint32_t)1;
		if (parts->versym != NULL)
			parts->versym[at] = list->versions[i];
		parts->bloom[(hash / WORD_BITS) & (parts->bloom_count - 1)] |=
			(uint64_t)1 << (hash % WORD_BITS) | (uint64_t)1 << ((hash >> BLOOM_SHIFT) % WORD_BITS);
	}
}

/* The end of each bucket becomes its start, and its last symbol is marked. */
static void buckets_finish(const struct parts *parts)
{
	uint32_t start = 1;
	for (uint32_t b = 0; b < parts->bucket_count; b++) {
		uint32_t end = parts->buckets[b];
		parts->buckets[b] = end == start ? 0 : start;
		if (end != start)
			parts->chains[end - 1] |= 1;
		start = end;
	}
}

enum rl_status rl_symbols_make(const struct rl_symbol_list *list, struct rl_symbols *out_symbols, void **out_block)
{
	struct parts parts;
	void *block = parts_take(&parts, list->count, list->versions != NULL);
	if (block == NULL)
		return RL_NO_MEMORY;
	symbols_place(list, &parts);
	buckets_finish(&parts);
	*out_symbols = (struct rl_symbols){.bloom = parts.bloom,
					   .bloom_mask = parts.bloom_count - 1,
					   .bloom_shift = BLOOM_SHIFT,
					   .chain_limit = (uint32_t)list->count + 1,
					   .buckets = parts.buckets,
					   .chains = parts.chains,
					   .symbols = parts.symbols,
					   .strings = list->strings,
					   .strings_size = list->strings_size,
					   .symbol_limit = list->count + 1,
					   .chain_first = 1,
					   .versym = parts.versym,
					   .versym_limit = parts.versym == NULL ? 0 : list->count + 1};
	rl_buckets_set(out_symbols, parts.bucket_count);
	*out_block = block;
	return RL_OK;
}
