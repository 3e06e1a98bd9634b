/* dladdr: which object and which symbol an address belongs to. */
#include "../ldso/elf/nearest.h"
#include "dl.h"

struct rl_object *rl_dl_object_at(const void *address)
{
	return rl_address_object(&rl_process.linker.addresses, (uintptr_t)address);
}

static int address_describe(const void *address, struct rl_dl_address *out_info, const Elf64_Sym **out_symbol,
			    struct rl_object **out_object)
{
	struct rl_linker *linker = &rl_process.linker;
	unsigned side = rl_readers_enter(&linker->readers);
	struct rl_object *object = rl_dl_object_at(address);
	*out_object = object;
	if (object != NULL) {
		*out_symbol = rl_symbols_at(&object->symbols, (uintptr_t)address - object->image.bias);
		rl_dl_address_fill(object, *out_symbol, out_info);
		if (object->path[0] == '\0' && object->kind == RL_OBJECT_PROGRAM)
			out_info->file = rl_process.personality.program_name;
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
	const Elf64_Sym *symbol;
	struct rl_object *object;
	int is_found = address_describe(address, out_info, &symbol, &object);
	if (is_found && flags == RL_DL_SYMBOL_ENTRY)
		*out_extra = (void *)symbol;
	else if (is_found && flags == RL_DL_LINK_MAP)
		*out_extra = rl_process.personality.handle_of(object);
	return is_found;
}
