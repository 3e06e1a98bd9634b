/* What the engine asks and tells while it works, passed on to the callbacks of the context it works for. */
#include "../../ldso/base/heap.h"
#include "../../ldso/link/list.h"
#include "../../ldso/link/load.h"
#include "../../ldso/link/namespace.h"
#include "../../ldso/link/open.h"
#include "../../ldso/link/section.h"
#include "log.h"

static void hear(void *unused, const struct rl_event *event)
{
	static const struct {
		enum rl_event_kind from;
		relink_event to;
	} kinds[] = {{RL_EVENT_MAPPED, RELINK_EVENT_MAPPED},
		     {RL_EVENT_RELOCATED, RELINK_EVENT_RELOCATED},
		     {RL_EVENT_INIT, RELINK_EVENT_INIT},
		     {RL_EVENT_FINI, RELINK_EVENT_FINI},
		     {RL_EVENT_UNMAPPED, RELINK_EVENT_UNMAPPED}};
	(void)unused;
	if (event->kind == RL_EVENT_UNMAPPED && event->object != NULL)
		rl_weaks_forget(event->object);
	relink_context *context = event->object == NULL ? NULL : rl_context_of(event->object);
	if (context == NULL)
		return;
	rl_host_debug_hear(&rl_host, event, (context->flags & RELINK_DEBUGGER) != 0);
	rl_log_event(&context->log, event);
	if (event->kind == RL_EVENT_MAPPED && context->log.maps_for_perf)
		rl_perf_tell(event->object, event->file);
	if (event->kind == RL_EVENT_RELOCATED && (context->flags & RELINK_NO_UNWIND) == 0)
		rl_frames_register(event->object);
	if (event->kind == RL_EVENT_UNMAPPED) {
		rl_frames_remove(event->object);
		rl_host_reserve_give(event->object);
	}
	for (size_t i = 0; context->hooks.event != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
		if (kinds[i].from != event->kind)
			continue;
		relink_info info;
		rl_info_fill(event->object, &info);
		context->hooks.event(context->hooks_user, kinds[i].to, &info);
	}
}

/* The object that was asked for is of the kind that was asked for. */
static enum rl_status kind_check(const struct rl_object *object, struct rl_diag *diag)
{
	unsigned wanted = rl_engine.wanted_kinds;
	relink_info info;
	rl_engine.wanted_kinds = 0; /* it comes first; its dependencies may be anything */
	if (wanted == 0 || object == NULL)
		return RL_OK;
	rl_info_fill(object, &info);
	if ((wanted & RELINK_ONLY_LIBRARY && info.kind != RELINK_LIBRARY)
	    || (wanted & RELINK_ONLY_OBJECT && info.kind != RELINK_OBJECT)
	    || (wanted & RELINK_ONLY_EXECUTABLE && info.kind != RELINK_EXECUTABLE))
		return rl_fail(diag, RL_OPEN_PIE, .subject = object->path, .value = ET_DYN);
	return RL_OK;
}

static enum rl_status plan_take(const relink_context *context, struct rl_object *object, const relink_plan *plan)
{
	struct rl_object_list modules = {0};
	object->plan = plan->binding == 1 ? RL_PLAN_EAGER : plan->binding == 2 ? RL_PLAN_LAZY : RL_PLAN_NONE;
	if (plan->scope_count == 0)
		return RL_OK;
	enum rl_status status = rl_scope_read(context, plan->scope, plan->scope_count, &modules);
	if (status == RL_OK)
		status = rl_search_list_plan(object, &modules);
	rl_list_drop(&modules);
	return status;
}

static enum rl_status plan_ask(struct rl_object *object, struct rl_diag *diag)
{
	const relink_context *context = rl_context_of(object);
	relink_plan plan = {0};
	relink_info info;
	if (context == NULL || context->hooks.plan == NULL)
		return RL_OK;
	rl_info_fill(object, &info);
	if (context->hooks.plan(context->hooks_user, &info, &plan) != 0 || (plan.scope == NULL && plan.scope_count != 0))
		return rl_fail(diag, RL_REFUSED, .subject = object->path);
	enum rl_status status = plan_take(context, object, &plan);
	return status == RL_OK ? RL_OK : rl_fail(diag, status, .subject = object->path);
}

enum rl_status rl_hooks_accept(struct rl_object *first, struct rl_diag *diag)
{
	RL_TRY(kind_check(first, diag));
	for (struct rl_object *object = first; object != NULL; object = object->next) {
		relink_context *context = rl_context_of(object);
		if (context == NULL || context->hooks.accept == NULL)
			continue;
		relink_info info;
		rl_info_fill(object, &info);
		if (context->hooks.accept(context->hooks_user, &info) != 0)
			return rl_fail(diag, RL_REFUSED, .subject = object->path);
	}
	for (struct rl_object *object = first; object != NULL; object = object->next)
		RL_TRY(plan_ask(object, diag));
	return RL_OK;
}

static const char *symbol_name(const struct rl_object *object, uint32_t index)
{
	const struct rl_symbols *symbols = &object->symbols;
	if (object->draft != NULL)
		return rl_draft_symbol(object, index);
	if (index == 0 || index >= symbols->symbol_limit || symbols->symbols[index].st_name >= symbols->strings_size)
		return "";
	return symbols->strings + symbols->symbols[index].st_name;
}

static const char *version_name(const struct rl_object *object, uint32_t index)
{
	const struct rl_version *version = object->draft != NULL ? NULL : rl_reference_version(&object->symbols, index);
	return version == NULL || version->name == NULL ? "" : version->name;
}

/* The engine asks about every relocation, and so only where somebody wants to know. */
enum rl_status rl_hooks_before_relocation(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
					bool *out_is_done, struct rl_diag *diag)
{
	(void)linker;
	relink_context *context = rl_context_of(object);
	if (context != NULL && rl_log_wants(&context->log, RELINK_LOG_RELOC | RELINK_LOG_BINDINGS))
		rl_log_relocation(&context->log, object, rela);
	if (context == NULL || context->hooks.relocation == NULL)
		return RL_OK;
	uint32_t index = ELF64_R_SYM(rela->r_info);
	relink_relocation relocation = {.file = object->path,
					.type = ELF64_R_TYPE(rela->r_info),
					.offset = rela->r_offset,
					.addend = rela->r_addend,
					.place = (void *)(object->image.bias + rela->r_offset),
					.symbol = symbol_name(object, index),
					.version = version_name(object, index)};
	int result = context->hooks.relocation(context->hooks_user, &relocation);
	if (result < 0)
		return rl_fail(diag, RL_REFUSED, .subject = object->path, .value = relocation.type,
			       .symbol = relocation.symbol);
	*out_is_done = result > 0;
	return RL_OK;
}

/* An address that a callback gave stands for a definition: bindings are made of objects and symbols. */
struct stub {
	Elf64_Sym symbol;
	struct stub *next;
};

/* The object that such definitions belong to: it has no table, so no lookup finds them again. */
static struct rl_object *stubs_of(relink_context *context)
{
	if (context->stubs == NULL) {
		struct rl_object *stubs = rl_heap_take(sizeof *stubs);
		if (stubs == NULL)
			return NULL;
		stubs->kind = RL_OBJECT_LINKER;
		stubs->is_permanent = stubs->is_relocated = true;
		stubs->path = "";
		stubs->symbols.strings = "";
		stubs->symbols.strings_size = 1;
		stubs->namespace = &context->space;
		context->stubs = stubs;
	}
	return context->stubs;
}

void rl_stubs_drop(relink_context *context)
{
	struct stub *stub = context->stubs == NULL ? NULL : context->stubs->tables;
	while (stub != NULL) {
		struct stub *next = stub->next;
		rl_heap_give(stub);
		stub = next;
	}
	rl_heap_give(context->stubs);
	context->stubs = NULL;
}

/* What the process's linker finds for NAME in its global scope, or NULL; the caller's dlerror is not about this. */
static void *host_find(const char *name, const char *version)
{
	const struct rl_host_functions *host = &rl_host.functions;
	void *address = NULL;
	if (*version == '\0')
		address = host->symbol(NULL /* RTLD_DEFAULT */, name);
	else if (host->symbol_version != NULL)
		address = host->symbol_version(NULL, name, version);
	if (address == NULL && host->error != NULL)
		host->error();
	return address;
}

/* A library that the process opened for everybody (RTLD_GLOBAL) after it had started may have what DIAG misses: only the
 * process's linker knows which those are. */
static bool late_find(const relink_context *context, const struct rl_diag *diag, struct rl_binding *out_binding)
{
	struct rl_version version = rl_version_exact(diag->version);
	struct rl_want want = {.version = *diag->version == '\0' ? NULL : &version, .newest = *diag->version == '\0'};
	struct rl_name name = rl_name_make(diag->symbol);
	uintptr_t address = context->flags & RELINK_HOST_SYMBOLS ? (uintptr_t)host_find(diag->symbol, diag->version) : 0;
	for (struct rl_object *object = rl_engine.linker.base.first; address != 0 && object != NULL; object = object->next) {
		if (!object->is_hosted || object->is_removed || !rl_host_shadow(object)->is_late)
			continue;
		const Elf64_Sym *symbol = rl_symbols_find(&object->symbols, &name, &want);
		if (symbol == NULL || symbol->st_shndx == SHN_UNDEF)
			continue;
		unsigned type = ELF64_ST_TYPE(symbol->st_info); /* with an address elsewhere: the thread's, or a choice */
		if (type != STT_TLS && type != STT_GNU_IFUNC && (address < object->map_start || address >= object->map_end))
			continue;
		rl_hosted_keep(object);
		*out_binding = (struct rl_binding){object, symbol};
		return true;
	}
	return false;
}

static enum rl_status excuse(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
			     struct rl_binding *out_binding, struct rl_diag *diag)
{
	(void)linker, (void)rela;
	relink_context *context = rl_context_of(object);
	if (context != NULL && late_find(context, diag, out_binding)) {
		rl_diag_drop(diag);
		return RL_OK;
	}
	if (context == NULL || context->hooks.missing == NULL)
		return diag->status;
	void *address = context->hooks.missing(context->hooks_user, object->path, diag->symbol, diag->version);
	if (address == NULL)
		return diag->status;
	struct rl_object *stubs = stubs_of(context);
	struct stub *stub = stubs == NULL ? NULL : rl_heap_take(sizeof *stub);
	if (stub == NULL)
		return diag->status;
	stub->symbol = (Elf64_Sym){.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
				   .st_shndx = SHN_ABS,
				   .st_value = (uintptr_t)address};
	stub->next = stubs->tables;
	stubs->tables = stub;
	*out_binding = (struct rl_binding){stubs, &stub->symbol};
	rl_diag_drop(diag);
	return RL_OK;
}

/* A lazily bound call asks without the lock; the list of stubs needs it. */
static enum rl_status excuse_call(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
				  struct rl_binding *out_binding, struct rl_diag *diag)
{
	relink_context *context = rl_context_of(object);
	struct rl_diag news = RL_DIAG_NONE;
	if (context == NULL || (context->hooks.missing == NULL && (context->flags & RELINK_HOST_SYMBOLS) == 0))
		return diag->status;
	rl_engine_lock();
	if (context->flags & RELINK_HOST_SYMBOLS && rl_host_refresh(&rl_host, &news) != RL_OK)
		rl_diag_drop(&news); /* then what came last is not found */
	enum rl_status status = excuse(linker, object, rela, out_binding, diag);
	rl_engine_unlock();
	return status;
}

/* The functions of OBJECT in the order of their calls, as a heap array. */
static uintptr_t *functions_list(const struct rl_object *object, bool is_init, size_t *out_count)
{
	const struct rl_dynamic *dynamic = &object->dynamic;
	const struct rl_table *array = is_init ? &dynamic->init_array : &dynamic->fini_array;
	const uintptr_t *items = array->start;
	size_t count = 0;
	uintptr_t *functions = rl_heap_take((array->count + 1) * sizeof *functions);
	if (functions == NULL)
		return NULL;
	if (is_init && dynamic->init != 0)
		functions[count++] = dynamic->init;
	for (size_t i = 0; i < array->count; i++)
		functions[count++] = items[is_init ? i : array->count - 1 - i];
	if (!is_init && dynamic->fini != 0)
		functions[count++] = dynamic->fini;
	*out_count = count;
	return functions;
}

static bool call_functions(struct rl_linker *linker, struct rl_object *object, bool is_init)
{
	(void)linker;
	relink_context *context = rl_context_of(object);
	size_t count = 0;
	if (context == NULL || context->hooks.call == NULL)
		return false;
	uintptr_t *functions = functions_list(object, is_init, &count);
	if (functions == NULL)
		return false;
	relink_info info;
	rl_info_fill(object, &info);
	int result = context->hooks.call(context->hooks_user, &info, is_init, (void (*const *)(void))functions, count);
	rl_heap_give(functions);
	return result != 0;
}

void rl_hooks_attach(struct rl_linker *linker)
{
	static struct rl_listener listener = {.hear = hear};
	linker->listeners = &listener;
	linker->excuse_symbol = excuse;
	linker->excuse_call = excuse_call;
	linker->call_functions = call_functions;
}
