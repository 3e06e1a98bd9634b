/* The dlfcn family as modules find it.  The process's own functions do not know modules: a plugin that asks dladdr for its
 * own path, or dlsym for the function behind the one that it wraps, would ask in vain.  What is not about modules goes
 * to the process: its dlopen opens for the process, and its handles are its own. */
#include "../../ldso/elf/nearest.h"
#include "../../ldso/link/relocate.h"
#include "../dl.h"
#include "engine.h"

#define CALLER __builtin_return_address(0)

/* The module that ADDRESS lies in, or NULL. */
static struct rl_object *module_at(const void *address)
{
	struct rl_object *object = rl_address_object(&rl_engine.linker.addresses, (uintptr_t)address);
	return object == NULL || object->is_hosted ? NULL : object;
}

static bool address_describe(const void *address, struct rl_dl_address *out_info, void **out_symbol, void **out_map)
{
	struct rl_readers *readers = &rl_engine.linker.readers;
	unsigned side = rl_readers_enter(readers);
	struct rl_object *object = module_at(address);
	if (object != NULL) {
		const Elf64_Sym *symbol = rl_symbols_at(&object->symbols, (uintptr_t)address - object->image.bias);
		rl_dl_address_fill(object, symbol, out_info);
		*out_symbol = (void *)symbol;
		*out_map = &rl_host_shadow(object)->map;
	}
	rl_readers_leave(readers, side);
	return object != NULL;
}

static int address(const void *address, struct rl_dl_address *out_info)
{
	void *symbol, *map;
	return address_describe(address, out_info, &symbol, &map) ? 1 : rl_host.functions.address(address, out_info);
}

static int address_more(const void *address, struct rl_dl_address *out_info, void **out_extra, int flags)
{
	void *symbol, *map;
	if (!address_describe(address, out_info, &symbol, &map))
		return rl_host.functions.address_more(address, out_info, out_extra, flags);
	if (flags == RL_DL_SYMBOL_ENTRY || flags == RL_DL_LINK_MAP)
		*out_extra = flags == RL_DL_SYMBOL_ENTRY ? symbol : map;
	return 1;
}

/* What RTLD_DEFAULT and RTLD_NEXT mean in CALLER. */
static bool symbol_search(struct rl_object *caller, void *handle, struct rl_lookup *lookup,
			  struct rl_binding *out_binding)
{
	struct rl_linker *linker = &rl_engine.linker;
	if (handle == RL_DL_DEFAULT)
		return rl_lookup_list(linker, atomic_load(&caller->search), lookup, out_binding);
	lookup->skip = lookup->after = caller;
	const struct rl_scope *scope = atomic_load(&rl_object_root(caller)->own_scope.current);
	return scope != NULL && rl_lookup_scope(linker, scope, lookup, out_binding);
}

/* Whether the process's own symbols, which a module's scope need not have, serve it. */
static bool has_host(const struct rl_object *caller)
{
	return (rl_context_of(caller)->flags & (RELINK_HOST_LIBC | RELINK_HOST_NONE)) == 0;
}

/* False: the process is to be asked. */
static bool symbol_get(void *handle, const char *name, const struct rl_version *version, const void *code,
		       void **out_value)
{
	if (handle != RL_DL_DEFAULT && handle != RL_DL_NEXT)
		return false;
	struct rl_readers *readers = &rl_engine.linker.readers;
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.version = version, .newest = version == NULL}};
	struct rl_binding binding;
	unsigned side = rl_readers_enter(readers);
	struct rl_object *caller = module_at(code);
	bool is_found = caller != NULL && symbol_search(caller, handle, &lookup, &binding)
			&& (handle == RL_DL_NEXT || rl_pin_add(caller, binding.object) == RL_OK);
	rl_readers_leave(readers, side);
	*out_value = is_found ? rl_symbol_address(binding.object, binding.symbol) : NULL;
	return is_found || (caller != NULL && !has_host(caller));
}

static void *symbol(void *handle, const char *name)
{
	void *value;
	if (symbol_get(handle, name, NULL, CALLER, &value))
		return value;
	return rl_host.functions.symbol(handle == RL_DL_NEXT ? RL_DL_DEFAULT : handle, name);
}

static void *symbol_version(void *handle, const char *name, const char *version)
{
	struct rl_version wanted = rl_version_exact(version);
	void *value;
	if (symbol_get(handle, name, &wanted, CALLER, &value))
		return value;
	return rl_host.functions.symbol_version(handle == RL_DL_NEXT ? RL_DL_DEFAULT : handle, name, version);
}

static int iterate(rl_phdr_visitor *visit, void *argument)
{
	return rl_host_iterate(&rl_host, visit, argument);
}

static int find_object(uintptr_t address, struct rl_found_object *out_result)
{
	return rl_host_find_object(&rl_host, address, out_result);
}

enum rl_status rl_family_start(void)
{
	const struct rl_host_functions *host = &rl_host.functions;
	const struct rl_host_function functions[] = {
		{"dladdr", host->address == NULL ? NULL : (void *)address},
		{"dladdr1", host->address_more == NULL ? NULL : (void *)address_more},
		{"dlsym", symbol},
		{"dlvsym", host->symbol_version == NULL ? NULL : (void *)symbol_version},
		{"dl_iterate_phdr", iterate},
		{"_dl_find_object", find_object},
	};
	return rl_host_front_start(&rl_host, functions, sizeof functions / sizeof functions[0]);
}
