/* The dlfcn family of musl programs.  Differences from glibc's: a handle is checked, closing keeps the code, opening
 * runs constructors without a lock, and dlerror is not reset by a call that succeeds. */
#include "musl.h"

#include <string.h>

#include "../ldso/base/heap.h"
#include "../ldso/base/text.h"
#include "../ldso/debug.h"
#include "../ldso/link/open.h"
#include "../ldso/link/visible.h"
#include "dl.h"

static struct rl_linker *linker(void)
{
	return &rl_process.linker;
}

/* Thread-local storage. */

static void *tls_address(const struct rl_tls_index *index)
{
	struct rl_tls_state *tls = &linker()->tls;
	void *address = rl_thread_address_in(tls, rl_thread_own(tls)->cells, index);
	if (__builtin_expect(address == NULL, 0))
		__builtin_trap(); /* no memory, and no way to say so */
	return address;
}

/* Opening. */

static void fork_prepare(void)
{
	rl_musl_lock(&rl_musl.load_lock);
	rl_musl_lock(&rl_musl.calls_lock);
}

static void fork_child(void)
{
	rl_fork_child(linker());
	rl_musl_calls_fork_child(&rl_musl);
	rl_musl_unlock(&rl_musl.calls_lock);
	rl_musl_unlock(&rl_musl.load_lock);
}

static void fork_done(void)
{
	rl_musl_unlock(&rl_musl.calls_lock);
	rl_musl_unlock(&rl_musl.load_lock);
}

/* Before the first dlopen nothing changes behind a fork's back; registering allocates. */
static void fork_register(void)
{
	static uint32_t is_registered;
	if (!__atomic_exchange_n(&is_registered, 1, __ATOMIC_RELAXED) && rl_musl.functions.atfork != NULL)
		rl_musl.functions.atfork(fork_prepare, fork_done, fork_child);
}

static enum rl_status open_locked(const char *name, struct rl_file *file, int mode, struct rl_object **out_object,
				  struct rl_diag *diag)
{
	if (rl_musl.is_closing)
		return rl_fail(diag, RL_REQUEST_EXITING);
	struct rl_musl_missing *missing_before = rl_musl.missing;
	struct rl_open_request request = {
		.name = name,
		.file = file,
		.caller = linker()->program,
		.is_global = (mode & RL_DL_GLOBAL) != 0,
		.is_permanent = true,
		.only_loaded = (mode & RL_DL_NOLOAD) != 0,
	};
	rl_musl.opens_lazily = (mode & RL_DL_LAZY) != 0;
	enum rl_status status = rl_open(linker(), &linker()->base, &request, out_object, diag);
	rl_musl.opens_lazily = false;
	if (status != RL_OK) {
		rl_musl_missing_forget(&rl_musl, missing_before);
		return status;
	}
	if (*out_object == NULL)
		return rl_fail(diag, RL_REQUEST_NOT_OPEN, .subject = name);
	RL_TRY(rl_musl_calls_check(*out_object, diag));
	rl_musl_missing_retry(&rl_musl);
	rl_musl.opened_count++;
	return RL_OK;
}

/* The failure to open NAME itself, unlike that of something it needs, names nobody who asked. */
static void open_report(const char *name, int mode, struct rl_diag *diag)
{
	if (strcmp(diag->subject, name) == 0 && diag->requester[0] != '\0' && diag->status != RL_TLS_STATIC_FULL)
		diag->requester = "";
	if (diag->status == RL_FILE_NOT_FOUND && (mode & RL_DL_NOLOAD) && diag->requester[0] == '\0')
		diag->status = RL_REQUEST_NOT_OPEN;
	rl_dl_error_set(diag);
}

/* A thread may be cancelled only when it has opened: half-run constructors would never end. */
static int cancel_state_set(int state)
{
	int before = state;
	if (rl_musl.functions.set_cancel_state != NULL)
		rl_musl.functions.set_cancel_state(state, &before);
	return before;
}

static void *open_any(const char *name, struct rl_file *file, int mode)
{
	enum { CANCEL_DISABLED = 1 };
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_object *object = NULL;
	fork_register();
	int before = cancel_state_set(CANCEL_DISABLED);
	rl_musl_lock(&rl_musl.load_lock);
	enum rl_status status = open_locked(name, file, mode, &object, &diag);
	rl_musl_unlock(&rl_musl.load_lock);
	if (status != RL_OK)
		open_report(name, mode, &diag);
	else if (object != linker()->program)
		rl_musl_construct(&rl_musl, object);
	cancel_state_set(before);
	return status == RL_OK ? rl_musl_map(object) : NULL;
}

static void *open_name(const char *name, int mode)
{
	return name == NULL ? rl_musl_map(linker()->program) : open_any(name, NULL, mode);
}

static void *open_descriptor(int fd, int mode)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_file file;
	if (fd == -1)
		return open_name(NULL, mode);
	if (rl_dl_descriptor_read(fd, &file, &diag) != RL_OK) {
		rl_dl_error_set(&diag);
		return NULL;
	}
	char *name = rl_heap_string(file.path);
	void *handle = name == NULL ? NULL : open_any(name, &file, mode);
	rl_heap_give(name);
	rl_heap_give(file.path);
	return handle;
}

/* Handles. */

static struct rl_object *object_of(void *handle)
{
	struct rl_object *object = rl_musl_object(&rl_musl, handle);
	if (object != NULL)
		return object;
	char text[24];
	struct rl_diag diag = RL_DIAG_NONE;
	rl_text_format(text, sizeof text, handle == NULL ? "0" : "0x%lx", (unsigned long)handle);
	(void)!rl_fail(&diag, RL_REQUEST_HANDLE, .subject = text);
	rl_dl_error_set(&diag);
	return NULL;
}

static int close_handle(void *handle)
{
	return object_of(handle) == NULL;
}

static int info(void *handle, int request, void *out)
{
	return object_of(handle) == NULL ? -1 : rl_dl_info_musl(handle, request, out);
}

/* Symbols. */

/* RTLD_NEXT: the object behind CALLER in the order of loading, then the global scope behind that one. */
static bool next_find(const void *caller, struct rl_lookup *lookup, struct rl_binding *out_binding)
{
	struct rl_object *object = rl_dl_object_at(caller);
	struct rl_musl_map *map = rl_musl_map(object == NULL ? linker()->program : object)->l_next;
	if (map == NULL)
		return false;
	object = map->object;
	/* We stand before libc in every scope. */
	struct rl_object *first = object->ahead != NULL ? object->ahead : object;
	for (struct rl_object *at = first; at != NULL; at = at == object ? NULL : object) {
		const Elf64_Sym *symbol = rl_symbols_find(&at->symbols, &lookup->name, &lookup->want);
		if (symbol != NULL) {
			*out_binding = (struct rl_binding){at, symbol};
			return true;
		}
	}
	if (!object->is_global)
		return false;
	lookup->after = object;
	return rl_lookup_scope(linker(), atomic_load(&linker()->base.global.current), lookup, out_binding);
}

static void *binding_value(const struct rl_binding *binding)
{
	if (ELF64_ST_TYPE(binding->symbol->st_info) == STT_TLS) {
		struct rl_tls_index index = {binding->object->tls.module,
					     binding->symbol->st_value - RL_TLS_DTV_BIAS};
		return tls_address(&index);
	}
	uintptr_t address = rl_binding_address(binding);
	return (void *)(rl_binding_is_ifunc(binding) ? rl_port_ifunc_call(address) : address);
}

static void *symbol(void *handle, const char *name)
{
	struct rl_lookup lookup = {.name = rl_name_make(name)};
	struct rl_binding binding = {0};
	const struct rl_scope_cell *scope = &linker()->base.global;
	bool is_found;
	if (handle == RL_DL_NEXT) {
		is_found = next_find(__builtin_return_address(0), &lookup, &binding);
	} else {
		if (handle != RL_DL_DEFAULT && handle != rl_musl_map(linker()->program)) {
			struct rl_object *object = object_of(handle);
			if (object == NULL)
				return NULL;
			scope = &object->own_scope;
		}
		const struct rl_scope *current = atomic_load(&scope->current);
		is_found = current != NULL && rl_lookup_scope(linker(), current, &lookup, &binding);
	}
	if (is_found)
		return binding_value(&binding);
	struct rl_diag diag = RL_DIAG_NONE;
	(void)!rl_fail(&diag, RL_REQUEST_SYMBOL, .symbol = name);
	rl_dl_error_set(&diag);
	return NULL;
}

/* Whether SYMBOL counts for dladdr at all. */
static bool is_address(const Elf64_Sym *symbol)
{
	enum {
		TYPES = 1 << STT_NOTYPE | 1 << STT_OBJECT | 1 << STT_FUNC | 1 << STT_COMMON | 1 << STT_TLS,
		BINDS = 1 << STB_GLOBAL | 1 << STB_WEAK | 1 << STB_GNU_UNIQUE,
	};
	return symbol->st_value != 0 && (TYPES >> ELF64_ST_TYPE(symbol->st_info) & 1) != 0
	       && (BINDS >> ELF64_ST_BIND(symbol->st_info) & 1) != 0;
}

/* The nearest symbol at or before ADDRESS, the first of several; only it may contain the address. */
static const Elf64_Sym *nearest_symbol(const struct rl_object *object, uintptr_t address)
{
	const Elf64_Sym *best = NULL;
	size_t count = rl_symbols_count(&object->symbols);
	uintptr_t offset = address - object->image.bias;
	for (size_t i = 0; i < count; i++) {
		const Elf64_Sym *candidate = &object->symbols.symbols[i];
		if (!is_address(candidate) || candidate->st_value > offset
		    || (best != NULL && candidate->st_value <= best->st_value))
			continue;
		best = candidate;
		if (best->st_value == offset)
			break;
	}
	return best == NULL || (best->st_size != 0 && offset - best->st_value >= best->st_size) ? NULL : best;
}

static int address(const void *where, struct rl_dl_address *out_info)
{
	const struct rl_object *object = rl_dl_object_at(where);
	if (object == NULL)
		return 0;
	rl_dl_address_fill(object, nearest_symbol(object, (uintptr_t)where), out_info);
	return 1;
}

static int iterate(rl_phdr_visitor *visit, void *argument)
{
	int result = 0;
	struct rl_musl_map *map = rl_musl.first;
	while (map != NULL && result == 0) {
		const struct rl_object *object = map->object;
		struct rl_tls_index index = {object->tls.module, 0};
		struct rl_phdr_info info = {
			.dlpi_addr = object->image.bias,
			.dlpi_name = object->path,
			.dlpi_phdr = object->phdr,
			.dlpi_phnum = (uint16_t)object->image.phdr_count,
			.dlpi_adds = rl_musl.opened_count,
			.dlpi_tls_modid = object->tls.module,
			.dlpi_tls_data = object->tls.module == 0 ? NULL : tls_address(&index),
		};
		/* Our own object is nobody's business: libc's functions would not be seen in it. */
		if (object->kind != RL_OBJECT_LINKER)
			result = visit(&info, sizeof info, argument);
		map = __atomic_load_n(&map->l_next, __ATOMIC_ACQUIRE);
	}
	return result;
}

void rl_musl_error_drop(void *error)
{
	struct rl_thread words = {.error = error};
	rl_dl_error_drop(&words);
}

const struct rl_musl_definition rl_musl_definitions[] = {
	{"dlopen", open_name, STT_FUNC},
	{"fdlopen", open_descriptor, STT_FUNC},
	{"dlsym", symbol, STT_FUNC},
	{"dlclose", close_handle, STT_FUNC},
	{"dlerror", rl_dl_error, STT_FUNC},
	{"dladdr", address, STT_FUNC},
	{"dlinfo", info, STT_FUNC},
	{"dl_iterate_phdr", iterate, STT_FUNC},
	{"__tls_get_addr", tls_address, STT_FUNC},
	{"_dl_debug_state", _dl_debug_state, STT_FUNC},
};
const size_t rl_musl_definition_count = sizeof rl_musl_definitions / sizeof rl_musl_definitions[0];
