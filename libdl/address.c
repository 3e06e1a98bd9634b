/* dladdr: which object and which symbol an address belongs to. */
#include <string.h>

#include "dl.h"

/* Whether an object with holes really has a segment there. */
static bool object_has(const struct rl_object *object, uintptr_t address)
{
	return object->is_contiguous || rl_image_segment(&object->image, address - object->image.bias) != NULL;
}

struct rl_object *rl_dl_object_at(const void *address)
{
	struct rl_object *object = rl_address_find(&rl_process.linker.addresses, (uintptr_t)address);
	return object != NULL && object_has(object, (uintptr_t)address) ? object : NULL;
}

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

static const Elf64_Sym *symbol_at(const struct rl_object *object, uint64_t offset)
{
	const struct rl_symbols *symbols = &object->symbols;
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

static int address_describe(const void *address, struct rl_dl_address *out_info, const Elf64_Sym **out_symbol,
			    struct rl_object **out_object)
{
	struct rl_linker *linker = &rl_process.linker;
	unsigned side = rl_readers_enter(&linker->readers);
	struct rl_object *object = rl_dl_object_at(address);
	if (object != NULL) {
		const Elf64_Sym *symbol = symbol_at(object, (uintptr_t)address - object->image.bias);
		out_info->file = object->path[0] != '\0' || object->kind != RL_OBJECT_PROGRAM
					 ? object->path
					 : rl_process.personality.program_name;
		out_info->base = (void *)object->map_start;
		out_info->symbol = symbol == NULL ? NULL : object->symbols.strings + symbol->st_name;
		out_info->address = symbol == NULL ? NULL : (void *)(object->image.bias + symbol->st_value);
		*out_symbol = symbol;
		*out_object = object;
	}
	rl_readers_leave(&linker->readers, side);
	return object != NULL;
}

int rl_dl_address(const void *address, struct rl_dl_address *out_info)
{
	const Elf64_Sym *symbol;
	struct rl_object *object;
	return address_describe(address, out_info, &symbol, &object);
}

int rl_dl_address_more(const void *address, struct rl_dl_address *out_info, void **out_extra, int flags)
{
	enum { SYMBOL_ENTRY = 1, LINK_MAP = 2 };
	const Elf64_Sym *symbol;
	struct rl_object *object;
	int is_found = address_describe(address, out_info, &symbol, &object);
	if (is_found && flags == SYMBOL_ENTRY)
		*out_extra = (void *)symbol;
	else if (is_found && flags == LINK_MAP)
		*out_extra = rl_process.personality.handle_of(object);
	return is_found;
}
