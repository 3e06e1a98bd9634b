/* Modules without a file: definitions that the embedding program gives, as an object of the engine. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/elf/table.h"
#include "../../ldso/link/list.h"
#include "../../ldso/link/load.h"
#include "../../ldso/link/namespace.h"
#include "../../ldso/link/open.h"
#include "engine.h"

enum { VERSION_BASE = 1, VERSION_FIRST = 2, HIDDEN = 0x8000 };

/* What the definitions become before the table is made. */
struct draft {
	Elf64_Sym *symbols;
	Elf64_Half *versions;
	struct rl_version *names; /* by version number; goes to the object */
	size_t version_count;
	char *strings; /* goes to the object */
	size_t used;   /* bytes of strings */
};

static uint32_t string_add(struct draft *draft, const char *string)
{
	size_t at = draft->used, size = strlen(string) + 1;
	memcpy(draft->strings + at, string, size);
	draft->used += size;
	return (uint32_t)at;
}

static Elf64_Half version_number(struct draft *draft, const char *version)
{
	if (version == NULL)
		return VERSION_BASE;
	for (size_t i = VERSION_FIRST; i < draft->version_count; i++)
		if (strcmp(draft->names[i].name, version) == 0)
			return (Elf64_Half)i;
	draft->names[draft->version_count] = (struct rl_version){.name = draft->strings + string_add(draft, version),
								 .hash = rl_hash_sysv(version)};
	return (Elf64_Half)draft->version_count++;
}

static bool draft_take(struct draft *draft, const relink_definition *definitions, size_t count)
{
	size_t bytes = 1;
	for (size_t i = 0; i < count; i++)
		bytes += strlen(definitions[i].name) + 1
			 + (definitions[i].version == NULL ? 0 : strlen(definitions[i].version) + 1);
	draft->symbols = rl_heap_take((count + 1) * sizeof *draft->symbols);
	draft->versions = rl_heap_take((count + 1) * sizeof *draft->versions);
	draft->names = rl_heap_take((count + VERSION_FIRST) * sizeof *draft->names);
	draft->strings = rl_heap_take(bytes);
	draft->used = 1; /* offset 0 is the empty name */
	draft->version_count = VERSION_FIRST;
	return draft->symbols != NULL && draft->versions != NULL && draft->names != NULL && draft->strings != NULL;
}

static void draft_fill(struct draft *draft, const relink_definition *definitions, size_t count)
{
	static const unsigned char types[] = {[RELINK_FUNCTION] = STT_FUNC,
					      [RELINK_DATA] = STT_OBJECT,
					      [RELINK_IFUNC] = STT_GNU_IFUNC};
	for (size_t i = 0; i < count; i++) {
		const relink_definition *definition = &definitions[i];
		draft->symbols[i] = (Elf64_Sym){.st_name = string_add(draft, definition->name),
						.st_info = ELF64_ST_INFO(STB_GLOBAL, types[definition->kind]),
						.st_shndx = SHN_ABS,
						.st_value = (uintptr_t)definition->address,
						.st_size = definition->size};
		draft->versions[i] = version_number(draft, definition->version);
		for (size_t j = 0; j < i; j++)
			if (strcmp(definitions[j].name, definition->name) == 0)
				draft->versions[i] |= HIDDEN; /* the first one is the default */
	}
}

/* The tables of OBJECT; they go with it. */
static enum rl_status tables_make(struct rl_object *object, const relink_definition *definitions, size_t count)
{
	struct draft draft = {0};
	enum rl_status status = RL_NO_MEMORY;
	if (draft_take(&draft, definitions, count)) {
		draft_fill(&draft, definitions, count);
		struct rl_symbol_list list = {draft.symbols, count, draft.strings, draft.used, draft.versions};
		status = rl_symbols_make(&list, &object->symbols, &object->tables);
	}
	rl_heap_give(draft.symbols);
	rl_heap_give(draft.versions);
	object->strings = draft.strings;
	object->symbols.versions = draft.names;
	object->symbols.version_count = draft.version_count;
	return status;
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
	return status == RL_OK ? RL_OK : rl_fail(diag, status, .subject = object->path);
}

static enum rl_status synthetic_make(relink_context *context, const char *name, const relink_definition *definitions,
				     size_t count, relink_module **out_module, struct rl_diag *diag)
{
	if (rl_namespace_find(&context->space, name) != NULL)
		return rl_fail(diag, RL_NAME_TAKEN, .subject = name);
	struct rl_object *object = rl_heap_take(sizeof *object);
	if (object == NULL || (object->path = rl_heap_string(name)) == NULL) {
		rl_heap_give(object);
		return rl_fail(diag, RL_NO_MEMORY, .subject = name);
	}
	object->kind = RL_OBJECT_OPENED;
	object->is_relocated = object->init_called = object->needs_known = true;
	object->image = rl_image_make(0, &everywhere, 1);
	object->phdr = &everywhere;
	enum rl_status status = tables_make(object, definitions, count);
	if (status == RL_OK)
		status = object_enter(context, object, diag);
	relink_module *module = status == RL_OK ? rl_module_take(object) : NULL;
	if (module == NULL) {
		rl_object_drop(&rl_engine.linker, object);
		return rl_fail(diag, RL_NO_MEMORY, .subject = name);
	}
	*out_module = module;
	return RL_OK;
}

relink_status relink_synthetic_new(relink_context *context, const char *name, const relink_definition *definitions,
				   size_t count, relink_module **out_module, relink_error *error)
{
	enum { LIMIT = 32000 }; /* version numbers have 15 bits */
	if (context == NULL || name == NULL || *name == '\0' || out_module == NULL || (definitions == NULL && count != 0)
	    || count > LIMIT)
		return rl_error_plain(error, RELINK_E_ARGUMENT, name);
	for (size_t i = 0; i < count; i++)
		if (definitions[i].name == NULL || definitions[i].address == NULL
		    || (unsigned)definitions[i].kind > RELINK_IFUNC)
			return rl_error_plain(error, RELINK_E_ARGUMENT, name);
	struct rl_diag diag = RL_DIAG_NONE;
	rl_engine_lock();
	enum rl_status status = synthetic_make(context, name, definitions, count, out_module, &diag);
	rl_engine_unlock();
	if (status == RL_NAME_TAKEN) {
		rl_diag_drop(&diag);
		return rl_error_plain(error, RELINK_E_LINK_EXISTS, name);
	}
	return status == RL_OK ? RELINK_OK : rl_error_take(&diag, error);
}
