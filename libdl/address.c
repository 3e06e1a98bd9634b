/* dladdr: which object and which symbol an address belongs to. */
#include "../ldso/elf/nearest.h"
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

static int address_describe(const void *address, struct rl_dl_address *out_info, const Elf64_Sym **out_symbol,
			    struct rl_object **out_object)
{
	struct rl_linker *linker = &rl_process.linker;
	unsigned side = rl_readers_enter(&linker->readers);
	struct rl_object *object = rl_dl_object_at(address);
	*out_object = object;
	if (object != NULL) {
		const Elf64_Sym *symbol = rl_symbols_at(&object->symbols, (uintptr_t)address - object->image.bias);
		out_info->file = object->path[0] != '\0' || object->kind != RL_OBJECT_PROGRAM
					 ? object->path
					 : rl_process.personality.program_name;
		out_info->base = (void *)object->map_start;
		out_info->symbol = symbol == NULL ? NULL : object->symbols.strings + symbol->st_name;
		out_info->address = symbol == NULL ? NULL : (void *)(object->image.bias + symbol->st_value);
		*out_symbol = symbol;
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
