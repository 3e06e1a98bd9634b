/* Modules without a file: definitions that the embedding program gives, or is asked for, as an object of the engine.
 *
 * The table can change while others look names up without a lock: it has room for all the definitions there may be, in
 * memory that exists when it is touched, entries are complete before they can be found, and none is used again.  Its
 * form is that of DT_HASH, to which entries can be added, with the filter of DT_GNU_HASH, which every lookup asks. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/link/list.h"
#include "../../ldso/link/load.h"
#include "../../ldso/link/namespace.h"
#include "../../ldso/link/open.h"
#include "engine.h"

enum { VERSION_BASE = 1, VERSION_FIRST = 2, HIDDEN = 0x8000 };
enum {
	LIMIT = 32000, /* version numbers have 15 bits */
	BUCKETS = 4096,
	BLOOM_WORDS = 1024,
	BLOOM_SHIFT = 26,
	STRINGS_SIZE = 4 * 1024 * 1024,
	THREAD_ALIGN = 64,
};

/* What object->tables points at. */
struct table {
	Elf64_Sym symbols[LIMIT + 1];
	uint64_t bloom[BLOOM_WORDS];
	uint32_t buckets[BUCKETS], chains[LIMIT + 1];
	Elf64_Half versions[LIMIT + 1];
	size_t count;        /* entries, with the null symbol */
	size_t strings_used; /* bytes */
	relink_provider *provide; /* NULL: all definitions are given */
	void *user;
	_Alignas(THREAD_ALIGN) char thread_image[];
};

/* Held while any table changes, with signals blocked: a lookup in a signal handler may ask a provider.  Not the engine's
 * lock: who waits for that may be waited for by a reader who asks one. */
static atomic_int changing;

static uint64_t change_begin(void)
{
	uint64_t old_signals = rl_sys_signals_block();
	while (atomic_exchange_explicit(&changing, 1, memory_order_acquire) != 0)
		rl_port_pause();
	return old_signals;
}

static void change_end(uint64_t old_signals)
{
	atomic_store_explicit(&changing, 0, memory_order_release);
	rl_sys_signals_restore(old_signals);
}

/* The table of OBJECT, or NULL if it is no synthetic module. */
static struct table *table_of(const struct rl_object *object)
{
	return object->is_synthetic ? object->tables : NULL;
}

static uint32_t string_add(struct rl_object *object, const char *string)
{
	struct table *table = object->tables;
	size_t at = table->strings_used, size = strlen(string) + 1;
	if (size > STRINGS_SIZE - at)
		return 0;
	memcpy((char *)object->strings + at, string, size);
	table->strings_used += size;
	return (uint32_t)at;
}

/* 0: no memory. */
static Elf64_Half version_number(struct rl_object *object, const char *version)
{
	struct rl_symbols *symbols = &object->symbols;
	if (version == NULL)
		return VERSION_BASE;
	for (size_t i = VERSION_FIRST; i < symbols->version_count; i++)
		if (strcmp(symbols->versions[i].name, version) == 0)
			return (Elf64_Half)i;
	uint32_t name = symbols->version_count > LIMIT ? 0 : string_add(object, version);
	if (name == 0)
		return 0;
	symbols->versions[symbols->version_count] =
		(struct rl_version){.name = (char *)object->strings + name, .hash = rl_hash_sysv(version)};
	__atomic_store_n(&symbols->version_count, symbols->version_count + 1, __ATOMIC_RELEASE);
	return (Elf64_Half)(symbols->version_count - 1);
}

static bool is_live(const Elf64_Sym *symbol)
{
	return ELF64_ST_TYPE(symbol->st_info) != STT_SECTION;
}

/* The entry for NAME with the version number VERSION, or with any if that is 0; 0: there is none. */
static uint32_t entry_find(const struct rl_object *object, const char *name, Elf64_Half version)
{
	const struct table *table = object->tables;
	uint32_t index = table->buckets[rl_hash_sysv(name) % BUCKETS];
	while (index != 0
	       && (!is_live(&table->symbols[index])
		   || (version != 0 && (table->versions[index] & ~HIDDEN) != version)
		   || strcmp((char *)object->strings + table->symbols[index].st_name, name) != 0))
		index = table->chains[index];
	return index;
}

/* What the definition becomes; its name comes later. */
static Elf64_Sym symbol_make(const relink_definition *definition, uint64_t value)
{
	static const unsigned char types[] = {[RELINK_FUNCTION] = STT_FUNC,
					      [RELINK_DATA] = STT_OBJECT,
					      [RELINK_IFUNC] = STT_GNU_IFUNC,
					      [RELINK_THREAD] = STT_TLS};
	return (Elf64_Sym){.st_info = ELF64_ST_INFO(STB_GLOBAL, types[definition->kind]),
			   .st_shndx = SHN_ABS,
			   .st_value = value,
			   .st_size = definition->size};
}

static void entry_publish(struct rl_object *object, uint32_t index, const char *name)
{
	struct table *table = object->tables;
	uint32_t hash = rl_hash_gnu(name), bucket = rl_hash_sysv(name) % BUCKETS;
	uint64_t *word = &table->bloom[hash / 64 % BLOOM_WORDS];
	table->chains[index] = table->buckets[bucket];
	object->symbols.chain_limit = index + 1;
	object->symbols.symbol_limit = object->symbols.versym_limit = index + 1;
	__atomic_store_n(&table->buckets[bucket], index, __ATOMIC_RELEASE);
	__atomic_store_n(word, *word | (uint64_t)1 << (hash % 64) | (uint64_t)1 << ((hash >> BLOOM_SHIFT) % 64),
			 __ATOMIC_RELEASE);
}

/* Put a definition into the table, or in the place of the one of its name and version. */
static enum rl_status definition_put(struct rl_object *object, const relink_definition *definition, uint64_t value)
{
	struct table *table = object->tables;
	Elf64_Half version = version_number(object, definition->version);
	uint32_t old = version == 0 ? 0 : entry_find(object, definition->name, version);
	Elf64_Sym symbol = symbol_make(definition, value);
	if (version == 0)
		return RL_NO_MEMORY;
	if (old != 0) {
		table->symbols[old].st_size = symbol.st_size;
		table->symbols[old].st_info = symbol.st_info;
		__atomic_store_n(&table->symbols[old].st_value, symbol.st_value, __ATOMIC_RELEASE);
		return RL_OK;
	}
	symbol.st_name = table->count > LIMIT ? 0 : string_add(object, definition->name);
	if (symbol.st_name == 0)
		return RL_NO_MEMORY;
	/* The first one is the default. */
	bool is_other = entry_find(object, definition->name, 0) != 0;
	uint32_t index = (uint32_t)table->count++;
	table->symbols[index] = symbol;
	table->versions[index] = version | (is_other ? HIDDEN : 0);
	entry_publish(object, index, definition->name);
	return RL_OK;
}

/* The empty tables of OBJECT, which go with it. */
static enum rl_status tables_make(struct rl_object *object, size_t thread_size)
{
	struct table *table = rl_heap_take_aligned(sizeof *table + thread_size, THREAD_ALIGN);
	object->tables = table;
	object->strings = rl_heap_take(STRINGS_SIZE);
	object->symbols.versions = rl_heap_take((LIMIT + VERSION_FIRST) * sizeof *object->symbols.versions);
	if (table == NULL || object->strings == NULL || object->symbols.versions == NULL)
		return RL_NO_MEMORY;
	table->count = table->strings_used = 1; /* the null symbol, the empty name */
	object->symbols.bloom = table->bloom;
	object->symbols.bloom_mask = BLOOM_WORDS - 1;
	object->symbols.bloom_shift = BLOOM_SHIFT;
	rl_buckets_set(&object->symbols, BUCKETS);
	object->symbols.buckets = table->buckets;
	object->symbols.chains = table->chains;
	object->symbols.symbols = table->symbols;
	object->symbols.strings = object->strings;
	object->symbols.strings_size = STRINGS_SIZE;
	object->symbols.is_sysv_hash = true;
	object->symbols.versym = table->versions;
	object->symbols.version_count = VERSION_FIRST;
	return RL_OK;
}

/* Room for the initial values of thread-local variables. */
static size_t thread_size(const relink_definition *definitions, size_t count)
{
	size_t size = 0;
	for (size_t i = 0; i < count; i++)
		if (definitions[i].kind == RELINK_THREAD)
			size += (definitions[i].size + THREAD_ALIGN - 1) & -(size_t)THREAD_ALIGN;
	return size;
}

static enum rl_status definitions_put(struct rl_object *object, const relink_definition *definitions, size_t count)
{
	struct table *table = object->tables;
	size_t thread_used = 0;
	for (size_t i = 0; i < count; i++) {
		const relink_definition *definition = &definitions[i];
		uint64_t value = (uintptr_t)definition->address;
		if (definition->kind == RELINK_THREAD) {
			value = thread_used;
			memcpy(table->thread_image + thread_used, definition->address, definition->size);
			thread_used += (definition->size + THREAD_ALIGN - 1) & -(size_t)THREAD_ALIGN;
		}
		RL_TRY(definition_put(object, definition, value));
	}
	if (thread_used != 0)
		object->tls = (struct rl_tls_block){.image = table->thread_image,
						    .image_size = thread_used,
						    .size = thread_used,
						    .align = THREAD_ALIGN};
	return RL_OK;
}

/* Addresses of a synthetic module may be anywhere: COPY relocations read them through the view of the image. */
static const Elf64_Phdr everywhere = {.p_type = PT_LOAD, .p_flags = PF_R, .p_memsz = UINT64_MAX / 2};

static enum rl_status object_enter(relink_context *context, struct rl_object *object, struct rl_diag *diag)
{
	struct rl_linker *linker = &rl_engine.linker;
	rl_namespace_append(&context->space, object);
	object->serial = ++linker->serial;
	enum rl_status status = rl_namespace_name(object, object->path);
	if (status == RL_OK)
		status = rl_list_append(&object->closure, object);
	if (status == RL_OK)
		status = rl_list_append(&object->sorted, object);
	if (status == RL_OK)
		status = rl_own_scope_make(object);
	if (status == RL_OK)
		status = rl_search_list_make(object, object, false);
	if (status == RL_OK)
		status = rl_host_shadow_make(&rl_host, object);
	if (status == RL_OK && object->tls.size != 0) {
		status = rl_tls_module_add(linker, object);
		if (status == RL_OK)
			rl_tls_publish(linker);
	}
	return status == RL_OK ? RL_OK : rl_fail(diag, status, .subject = object->path);
}

/* What a module is to be made of. */
struct recipe {
	const char *name;
	const relink_definition *definitions;
	size_t count;
	relink_provider *provide; /* asked with USER for all other names; NULL: there are none */
	void *user;
};

static enum rl_status synthetic_make(relink_context *context, const struct recipe *recipe, struct rl_object **out_object,
				     struct rl_diag *diag)
{
	if (rl_namespace_find(&context->space, recipe->name) != NULL)
		return rl_fail(diag, RL_NAME_TAKEN, .subject = recipe->name);
	struct rl_object *object = rl_heap_take(sizeof *object);
	if (object == NULL || (object->path = rl_heap_string(recipe->name)) == NULL) {
		rl_heap_give(object);
		return rl_fail(diag, RL_NO_MEMORY, .subject = recipe->name);
	}
	object->kind = RL_OBJECT_OPENED;
	object->is_relocated = object->init_called = object->needs_known = object->is_synthetic = true;
	object->image = rl_image_make(0, &everywhere, 1);
	object->phdr = &everywhere;
	enum rl_status status = tables_make(object, thread_size(recipe->definitions, recipe->count));
	if (status == RL_OK)
		status = definitions_put(object, recipe->definitions, recipe->count);
	if (status == RL_OK)
		status = object_enter(context, object, diag);
	if (status != RL_OK) {
		rl_object_drop(&rl_engine.linker, object);
		return diag->status != RL_OK ? diag->status : rl_fail(diag, RL_NO_MEMORY, .subject = recipe->name);
	}
	*out_object = object;
	return RL_OK;
}

static bool are_sound(const relink_definition *definitions, size_t count, bool may_be_thread)
{
	if ((definitions == NULL && count != 0) || count > LIMIT)
		return false;
	for (size_t i = 0; i < count; i++) {
		const relink_definition *definition = &definitions[i];
		if (definition->name == NULL || *definition->name == '\0' || definition->address == NULL
		    || (unsigned)definition->kind > RELINK_THREAD
		    || (definition->kind == RELINK_THREAD
			&& (!may_be_thread || definition->size == 0 || definition->size > UINT32_MAX)))
			return false;
	}
	return true;
}

/* From now on the provider is asked for what the table lacks: the filter lets every name pass. */
static enum rl_status provider_set(struct rl_object *object, const struct recipe *recipe)
{
	static const uint64_t everything[1] = {UINT64_MAX};
	struct table *table = object->tables;
	table->provide = recipe->provide;
	table->user = recipe->user;
	object->symbols.bloom = everything;
	object->symbols.bloom_mask = 0;
	object->is_provider = true;
	rl_engine.linker.provide = rl_provider_ask;
	return rl_own_scope_make(object); /* scopes have filters by heart */
}

static relink_status module_make(relink_context *context, const struct recipe *recipe, relink_module **out_module,
				 relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_object *object = NULL;
	relink_module *module = NULL;
	rl_engine_lock();
	enum rl_status status = synthetic_make(context, recipe, &object, &diag);
	if (status == RL_OK && recipe->provide != NULL)
		status = provider_set(object, recipe);
	if (status == RL_OK && (module = rl_module_take(object)) == NULL)
		status = rl_fail(&diag, RL_NO_MEMORY, .subject = recipe->name);
	if (status != RL_OK && object != NULL)
		rl_object_drop(&rl_engine.linker, object);
	rl_engine_unlock();
	if (status == RL_NAME_TAKEN) {
		rl_diag_drop(&diag);
		return rl_error_plain(error, RELINK_E_LINK_EXISTS, recipe->name);
	}
	if (status != RL_OK)
		return rl_error_take(&diag, error);
	*out_module = module;
	return RELINK_OK;
}

relink_status relink_synthetic_new(relink_context *context, const char *name, const relink_definition *definitions,
				   size_t count, relink_module **out_module, relink_error *error)
{
	if (context == NULL || name == NULL || *name == '\0' || out_module == NULL || !are_sound(definitions, count, true))
		return rl_error_plain(error, RELINK_E_ARGUMENT, name);
	const struct recipe recipe = {.name = name, .definitions = definitions, .count = count};
	return module_make(context, &recipe, out_module, error);
}

relink_status relink_provider_new(relink_context *context, const char *name, relink_provider *provide, void *user,
				  relink_module **out_module, relink_error *error)
{
	if (context == NULL || name == NULL || *name == '\0' || out_module == NULL || provide == NULL)
		return rl_error_plain(error, RELINK_E_ARGUMENT, name);
	const struct recipe recipe = {.name = name, .provide = provide, .user = user};
	return module_make(context, &recipe, out_module, error);
}

relink_status relink_synthetic_add(relink_module *module, const relink_definition *definitions, size_t count,
				   relink_error *error)
{
	if (!rl_module_is_good(module) || table_of(module->object) == NULL)
		return rl_error_plain(error, RELINK_E_HANDLE, "");
	if (!are_sound(definitions, count, false))
		return rl_error_plain(error, RELINK_E_ARGUMENT, module->object->path);
	uint64_t old_signals = change_begin();
	enum rl_status status = RL_OK;
	for (size_t i = 0; i < count && status == RL_OK; i++)
		status = definition_put(module->object, &definitions[i], (uintptr_t)definitions[i].address);
	change_end(old_signals);
	return status == RL_OK ? RELINK_OK : rl_error_plain(error, RELINK_E_MEMORY, module->object->path);
}

relink_status relink_synthetic_remove(relink_module *module, const char *name)
{
	size_t removed = 0;
	struct table *table = rl_module_is_good(module) ? table_of(module->object) : NULL;
	if (table == NULL)
		return RELINK_E_HANDLE;
	if (name == NULL)
		return RELINK_E_ARGUMENT;
	uint64_t old_signals = change_begin();
	for (uint32_t index; (index = entry_find(module->object, name, 0)) != 0; removed++)
		__atomic_store_n(&table->symbols[index].st_info, ELF64_ST_INFO(STB_GLOBAL, STT_SECTION), __ATOMIC_RELEASE);
	change_end(old_signals);
	return removed != 0 ? RELINK_OK : RELINK_E_SYMBOL;
}

const Elf64_Sym *rl_provider_ask(struct rl_object *object, const char *name, const struct rl_version *version)
{
	struct table *table = object->tables;
	relink_definition definition = {.name = name};
	const Elf64_Sym *found = NULL;
	uint64_t old_signals = change_begin();
	uint32_t index = entry_find(object, name, 0); /* another thread has asked meanwhile */
	if (index == 0 && table->provide(table->user, name, version == NULL ? NULL : version->name, &definition)) {
		definition.name = name;
		definition.version = NULL;
		if (are_sound(&definition, 1, false)
		    && definition_put(object, &definition, (uintptr_t)definition.address) == RL_OK)
			index = entry_find(object, name, 0);
	}
	if (index != 0)
		found = &table->symbols[index];
	change_end(old_signals);
	return found;
}
