/* Which symbol an address belongs to, as dladdr of the original tells. */
#include "nearest.h"

/* Whether SYMBOL is a better name for OFFSET (address minus bias) than BEST. */
static bool symbol_covers(const struct rl_symbols *symbols, const Elf64_Sym *symbol, const Elf64_Sym *best,
			  uint64_t offset)
{
	if ((symbol->st_shndx == SHN_UNDEF && symbol->st_value == 0) || symbol->st_shndx == SHN_ABS
	    || ELF64_ST_TYPE(symbol->st_info) == STT_TLS || symbol->st_name >= symbols->strings_size
	    || symbol->st_value > offset)
		return false;
	bool is_inside = symbol->st_shndx == SHN_UNDEF || symbol->st_size == 0
				 ? symbol->st_value == offset
				 : offset < symbol->st_value + symbol->st_size;
	return is_inside && (best == NULL || best->st_value < symbol->st_value);
}

/* GNU hash tables list the defined symbols by bucket: the original looks at those, in that order. */
static const Elf64_Sym *gnu_symbol_at(const struct rl_symbols *symbols, uint64_t offset)
{
	const Elf64_Sym *best = NULL;
	for (uint32_t bucket = 0; bucket < symbols->bucket_count; bucket++) {
		uint32_t index = symbols->buckets[bucket];
		if (index == 0 || index < symbols->chain_first)
			continue;
		for (; index < symbols->chain_limit; index++) {
			if (symbol_covers(symbols, &symbols->symbols[index], best, offset))
				best = &symbols->symbols[index];
			if (symbols->chains[index] & 1)
				break;
		}
	}
	return best;
}

const Elf64_Sym *rl_symbols_at(const struct rl_symbols *symbols, uint64_t offset)
{
	if (!symbols->is_sysv_hash)
		return gnu_symbol_at(symbols, offset);
	const Elf64_Sym *best = NULL;
	for (uint32_t index = 0; index < symbols->chain_limit; index++) {
		const Elf64_Sym *symbol = &symbols->symbols[index];
		unsigned bind = ELF64_ST_BIND(symbol->st_info);
		if ((bind == STB_GLOBAL || bind == STB_WEAK) && symbol_covers(symbols, symbol, best, offset))
			best = symbol;
	}
	return best;
}
