/* What we define for programs.  Our own symbol table is glibc's contract; musl programs see these names instead, bound
 * in front of libc's, but behind whatever the program itself defines. */
#include <string.h>

#include "../../base/heap.h"
#include "musl.h"

enum { BLOOM_WORDS = 4, BLOOM_SHIFT = 26 };

/* A symbol table with a GNU hash table of one bucket: symbol 0 is the undefined one. */
struct table {
	uint64_t bloom[BLOOM_WORDS];
	uint32_t bucket;
	uint32_t *chains;
	Elf64_Sym *symbols;
	char *strings;
};

static void definition_put(struct table *table, const struct rl_object *object, size_t index,
			   const struct rl_musl_definition *definition, size_t string_at, bool is_last)
{
	uint32_t hash = rl_hash_gnu(definition->name);
	table->symbols[index] = (Elf64_Sym){
		.st_name = (Elf64_Word)string_at,
		.st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, definition->type),
		.st_shndx = 1,
		.st_value = (uintptr_t)definition->address - object->image.bias,
		.st_size = 1,
	};
	table->chains[index] = (hash & ~(uint32_t)1) | is_last;
	table->bloom[(hash / 64) % BLOOM_WORDS] |= (uint64_t)1 << hash % 64 | (uint64_t)1 << (hash >> BLOOM_SHIFT) % 64;
}

enum rl_status rl_musl_define(struct rl_object *object, const struct rl_musl_definition *definitions, size_t count)
{
	size_t strings_size = 1;
	for (size_t i = 0; i < count; i++)
		strings_size += strlen(definitions[i].name) + 1;
	struct table *table = rl_heap_take(sizeof *table + (count + 1) * (sizeof(Elf64_Sym) + sizeof(uint32_t))
					   + strings_size);
	if (table == NULL)
		return RL_NO_MEMORY;
	table->symbols = (Elf64_Sym *)(table + 1);
	table->chains = (uint32_t *)(table->symbols + count + 1);
	table->strings = (char *)(table->chains + count + 1);
	table->bucket = 1;
	size_t at = 1;
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(definitions[i].name) + 1;
		memcpy(table->strings + at, definitions[i].name, size);
		definition_put(table, object, i + 1, &definitions[i], at, i + 1 == count);
		at += size;
	}
	rl_heap_give(object->symbols.versions);
	object->symbols = (struct rl_symbols){
		.bloom = table->bloom,
		.bloom_mask = BLOOM_WORDS - 1,
		.bloom_shift = BLOOM_SHIFT,
		.bucket_count = 1,
		.buckets = &table->bucket,
		.chains = table->chains,
		.chain_first = 1,
		.chain_limit = (uint32_t)count + 1,
		.symbols = table->symbols,
		.symbol_limit = count + 1,
		.strings = table->strings,
		.strings_size = strings_size,
	};
	return RL_OK;
}
