/* Symbols of a module.  No lock: what is asked about stays loaded by the caller's handle. */
#include <string.h>

#include "../../ldso/elf/find.h"
#include "engine.h"

/* A definition of this very module: what it imports is in its table too. */
static inline const Elf64_Sym *definition_find(const struct rl_object *object, struct rl_name *name,
					       const struct rl_want *want)
{
	const Elf64_Sym *symbol = rl_symbols_find(&object->symbols, name, want);
	return symbol == NULL || symbol->st_shndx == SHN_UNDEF ? NULL : symbol;
}

/* A table of the old kind, or one that grows on demand. */
static __attribute__((noinline)) const Elf64_Sym *old_find(struct rl_object *object, struct rl_name *name,
							   const struct rl_want *want)
{
	enum { ROOM = 1024 };
	char copy[ROOM];
	const Elf64_Sym *symbol = rl_symbols_find_filtered(&object->symbols, name, want);
	if (symbol != NULL || !object->is_provider)
		return symbol;
	if (!name->is_open)
		return rl_provider_ask(object, name->string, want->version);
	if (name->size > sizeof copy)
		return NULL;
	memcpy(copy, name->string, name->size - 1);
	copy[name->size - 1] = '\0';
	return strlen(copy) == name->size - 1 ? rl_provider_ask(object, copy, want->version) : NULL;
}

/* The filter has let the name pass.  Not inline: a name that is not there, the usual one in chains of questions, should
 * not pay for what this saves and restores. */
static inline __attribute__((always_inline)) void *filtered_find(const relink_module *module, struct rl_name *name)
{
	static const struct rl_want want = {.newest = true};
	const struct rl_object *object = module->object;
	const struct rl_symbols *symbols = &object->symbols;
	const Elf64_Sym *symbol = __builtin_expect(symbols->is_sysv_hash || symbols->bucket_count == 0, 0)
					  ? old_find(module->object, name, &want)
					  : rl_find_gnu(symbols, name, &want);
	return symbol == NULL || symbol->st_shndx == SHN_UNDEF ? NULL : rl_symbol_address(object, symbol);
}

static __attribute__((noinline)) void *filtered_get(const relink_module *module, const char *string, size_t size,
						    uint32_t hash)
{
	struct rl_name name = {.string = string, .size = size, .gnu_hash = hash};
	return filtered_find(module, &name);
}

static inline void *name_get(const relink_module *module, const char *string, size_t size, uint32_t hash)
{
	const struct rl_symbols *symbols = &module->object->symbols;
	if (!rl_bloom_may_have(symbols->bloom, symbols->bloom_mask, symbols->bloom_shift, hash))
		return NULL;
	return filtered_get(module, string, size, hash);
}

void *relink_get(const relink_module *module, const char *name)
{
	if (__builtin_expect(!rl_module_is_good(module), 0))
		return NULL;
	struct rl_name measured = rl_name_take(name);
	return name_get(module, name, measured.size, measured.gnu_hash);
}

void *relink_get_n(const relink_module *module, const char *name, size_t length)
{
	if (!rl_module_is_good(module))
		return NULL;
	struct rl_name measured = rl_name_of(name, length);
	const struct rl_symbols *symbols = &module->object->symbols;
	if (!rl_bloom_may_have(symbols->bloom, symbols->bloom_mask, symbols->bloom_shift, measured.gnu_hash))
		return NULL;
	return filtered_find(module, &measured);
}

relink_key relink_key_make(const char *name)
{
	struct rl_name measured = rl_name_make(name);
	return (relink_key){measured.string, measured.size, measured.gnu_hash};
}

void *relink_get_key(const relink_module *module, const relink_key *key)
{
	return rl_module_is_good(module) ? name_get(module, key->string, key->size, key->hash) : NULL;
}

void *relink_get_version(const relink_module *module, const char *name, const char *version)
{
	if (!rl_module_is_good(module) || version == NULL)
		return NULL;
	struct rl_version wanted = rl_version_exact(version);
	struct rl_want want = {.version = &wanted};
	struct rl_name measured = rl_name_make(name);
	const struct rl_object *object = module->object;
	if (object->symbols.versym == NULL || object->symbols.version_count == 0)
		return NULL; /* nothing in it has a version */
	const Elf64_Sym *symbol = definition_find(object, &measured, &want);
	return symbol == NULL ? NULL : rl_symbol_address(object, symbol);
}

void *relink_find(const relink_module *module, const char *name)
{
	if (!rl_module_is_good(module))
		return NULL;
	const struct rl_object *object = module->object;
	const struct rl_scope *scope = atomic_load_explicit(&object->own_scope.current, memory_order_acquire);
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.newest = true}};
	struct rl_binding binding = {0};
	if (scope == NULL)
		return relink_get(module, name);
	if (!rl_lookup_scope(&rl_engine.linker, scope, &lookup, &binding) || binding.symbol->st_shndx == SHN_UNDEF)
		return NULL;
	return rl_symbol_address(binding.object, binding.symbol);
}

static bool is_exported(const Elf64_Sym *symbol)
{
	enum {
		TYPES = 1 << STT_NOTYPE | 1 << STT_OBJECT | 1 << STT_FUNC | 1 << STT_COMMON | 1 << STT_TLS
			| 1 << STT_GNU_IFUNC
	};
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
	return symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL && visibility != STV_HIDDEN
	       && visibility != STV_INTERNAL && (TYPES >> ELF64_ST_TYPE(symbol->st_info) & 1);
}

static void symbol_fill(const struct rl_object *object, uint32_t index, relink_symbol *out)
{
	enum { HIDDEN = 0x8000 };
	const struct rl_symbols *symbols = &object->symbols;
	const Elf64_Sym *symbol = &symbols->symbols[index];
	const struct rl_version *version = rl_reference_version(symbols, index);
	bool is_tls = ELF64_ST_TYPE(symbol->st_info) == STT_TLS;
	*out = (relink_symbol){
		.name = symbols->strings + symbol->st_name,
		.version = version == NULL || version->name == NULL ? "" : version->name,
		.is_default_version = symbols->versym == NULL || (symbols->versym[index] & HIDDEN) == 0,
		.address = is_tls ? NULL
				  : (void *)(symbol->st_value
					     + (symbol->st_shndx == SHN_ABS ? 0 : object->image.bias)),
		.value = symbol->st_value,
		.size = symbol->st_size,
		.type = ELF64_ST_TYPE(symbol->st_info),
		.bind = ELF64_ST_BIND(symbol->st_info),
	};
}

/* The number of symbols that can be read. */
static size_t symbols_end(const struct rl_symbols *symbols)
{
	return symbols->bucket_count == 0 ? 0 : rl_symbols_count(symbols);
}

int rl_symbols_each(const struct rl_object *object, relink_symbol_visitor *visit, void *user)
{
	const struct rl_symbols *symbols = &object->symbols;
	size_t end = symbols_end(symbols);
	for (uint32_t i = 1; i < end; i++) {
		relink_symbol symbol;
		if (!is_exported(&symbols->symbols[i]) || symbols->symbols[i].st_name >= symbols->strings_size)
			continue;
		symbol_fill(object, i, &symbol);
		int result = visit(user, &symbol);
		if (result != 0)
			return result;
	}
	return 0;
}

int relink_each_symbol(const relink_module *module, relink_symbol_visitor *visit, void *user)
{
	return !rl_module_is_good(module) || visit == NULL ? 0 : rl_symbols_each(module->object, visit, user);
}

relink_status relink_symbol_find(const relink_module *module, const char *name, relink_symbol *out_symbol)
{
	if (!rl_module_is_good(module))
		return RELINK_E_HANDLE;
	struct rl_name measured = rl_name_make(name);
	struct rl_want want = {.newest = true};
	const Elf64_Sym *symbol = definition_find(module->object, &measured, &want);
	if (symbol == NULL)
		return RELINK_E_SYMBOL;
	symbol_fill(module->object, (uint32_t)(symbol - module->object->symbols.symbols), out_symbol);
	return RELINK_OK;
}

/* Not rl_symbols_at, which has the original's dladdr to follow: that passes over absolute symbols, which is what all
 * definitions of a synthetic module are, takes an import's PLT entry for a symbol, and of symbols that begin together the
 * one that the hash table happens to list first.  Here the answer is one that relink_each_symbol shows. */
int relink_symbol_at(const relink_module *module, const void *address, relink_symbol *out_symbol)
{
	if (!rl_module_is_good(module))
		return 0;
	const struct rl_symbols *symbols = &module->object->symbols;
	uint32_t best = 0;
	for (uint32_t i = 1, end = (uint32_t)symbols_end(symbols); i < end; i++) {
		const Elf64_Sym *symbol = &symbols->symbols[i];
		uintptr_t start = symbol->st_value + (symbol->st_shndx == SHN_ABS ? 0 : module->object->image.bias);
		if (!is_exported(symbol) || ELF64_ST_TYPE(symbol->st_info) == STT_TLS
		    || symbol->st_name >= symbols->strings_size
		    || (uintptr_t)address - start >= (symbol->st_size == 0 ? 1 : symbol->st_size))
			continue;
		if (best == 0 || symbol->st_size < symbols->symbols[best].st_size)
			best = i;
	}
	if (best == 0)
		return 0;
	symbol_fill(module->object, best, out_symbol);
	return 1;
}
