/* Calling into libc: which of its functions we use, and its early initialisation. */
#include "../../link/lookup.h"
#include "glibc.h"

static void *function_of(struct rl_object *libc, const char *name)
{
	struct rl_name key = rl_name_make(name);
	struct rl_want want = {.newest = true};
	const Elf64_Sym *symbol = rl_symbols_find(&libc->symbols, &key, &want);
	if (symbol == NULL)
		return NULL;
	struct rl_binding binding = {libc, symbol};
	uintptr_t address = rl_binding_address(&binding);
	return (void *)(rl_binding_is_ifunc(&binding) ? rl_port_ifunc_call(address) : address);
}

static void *function_find(struct rl_glibc *glibc, const char *name)
{
	return function_of(glibc->libc, name);
}

/* malloc and free as the program's objects see them, because libc frees what the linker hands it. */
static void *global_find(struct rl_glibc *glibc, const char *name)
{
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.newest = true}};
	struct rl_binding binding = {0};
	const struct rl_scope *scope = atomic_load(&glibc->linker->base.global.current);
	if (!rl_lookup_scope(glibc->linker, scope, &lookup, &binding))
		return NULL;
	uintptr_t address = rl_binding_address(&binding);
	return (void *)(rl_binding_is_ifunc(&binding) ? rl_port_ifunc_call(address) : address);
}

void rl_glibc_libc_ready(struct rl_glibc *glibc)
{
	struct rl_libc_functions *functions = &glibc->functions;
	functions->mutex_unlock = function_find(glibc, "pthread_mutex_unlock");
	functions->mutex_lock = function_find(glibc, "pthread_mutex_lock");
	functions->register_atfork = function_find(glibc, "__register_atfork");
}

/* What only failures and rare callers need is looked up when one comes: several threads may, and find the same. */
void rl_glibc_errors_ready(struct rl_glibc *glibc)
{
	struct rl_libc_functions *functions = &glibc->functions;
	if (functions->mutex_lock == NULL || functions->errno_location != NULL)
		return;
	if (glibc->layout->exception_owner == RL_GLIBC_EXCEPTIONS_IN_LIBC) {
		functions->signal_error = function_find(glibc, "_dl_signal_error");
		functions->catch_error = function_find(glibc, "_dl_catch_error");
	}
	functions->errno_location = function_find(glibc, "__errno_location"); /* last: it says that all are there */
}

static void early_init(struct rl_object *libc, bool is_first)
{
	void (*early_init)(bool) = function_of(libc, "__libc_early_init");
	if (early_init != NULL)
		early_init(is_first);
}

void rl_glibc_early_init(struct rl_glibc *glibc)
{
	early_init(glibc->libc, true);
}

void rl_glibc_libc_start(struct rl_glibc *glibc, struct rl_object *libc)
{
	early_init(libc, false);
	if (glibc->fork_watch != NULL)
		glibc->fork_watch(function_of(libc, "__register_atfork"));
}

/* Functions that only failures need are looked up when one happens. */
void rl_glibc_words_ready(struct rl_glibc *glibc)
{
	if (glibc->libc == NULL || glibc->functions.mutex_lock == NULL || glibc->functions.strerror != NULL)
		return;
	glibc->functions.dcgettext = function_find(glibc, "dcgettext");
	glibc->functions.strerror = function_find(glibc, "strerror");
}

void rl_glibc_heap_ready(struct rl_glibc *glibc)
{
	if (glibc->functions.malloc != NULL)
		return;
	glibc->functions.free = global_find(glibc, "free");
	glibc->functions.malloc = global_find(glibc, "malloc");
}
