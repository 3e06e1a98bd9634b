/* Functions that objects of ours find instead of the host's, whose versions do not know us.  A symbol table made by hand,
 * so that the engine's lookup needs no exception; with a filter, as every lookup asks it. */
#include <string.h>

#include "host.h"

#include "../../base/heap.h"
#include "../../elf/table.h"

static void *tls_address(const struct rl_tls_index *index)
{
	return rl_thread_variable(&rl_host.linker->tls, index);
}

/* A destructor of a thread_local variable of an object of ours, which must stay until it ran. */
struct destructor {
	void (*function)(void *argument);
	void *argument;
	struct rl_host_shadow *shadow;
};

static void destructor_run(void *argument)
{
	struct destructor destructor = *(struct destructor *)argument;
	rl_heap_give(argument);
	destructor.function(destructor.argument);
	atomic_fetch_sub(&destructor.shadow->destructors, 1);
}

static int thread_at_exit(void (*function)(void *), void *argument, void *dso)
{
	struct rl_object *object = rl_address_find(&rl_host.linker->addresses, (uintptr_t)dso);
	if (object == NULL || object->is_hosted)
		return rl_host.functions.thread_at_exit(function, argument, dso);
	struct destructor *destructor = rl_heap_take(sizeof *destructor);
	if (destructor == NULL)
		return -1;
	*destructor = (struct destructor){function, argument, rl_host_shadow(object)};
	atomic_fetch_add(&destructor->shadow->destructors, 1);
	return rl_host.functions.thread_at_exit(destructor_run, destructor, rl_host.own_dso);
}

enum { FUNCTION_LIMIT = 16, STRINGS_LIMIT = 256 };

static enum rl_status table_make(const struct rl_host_function *functions, size_t count, struct rl_object *object)
{
	Elf64_Sym symbols[FUNCTION_LIMIT];
	char *strings = rl_heap_take(STRINGS_LIMIT);
	if (strings == NULL)
		return RL_NO_MEMORY;
	struct rl_symbol_list list = {.symbols = symbols, .strings = strings, .strings_size = 1};
	for (const struct rl_host_function *function = functions; function < functions + count; function++) {
		size_t size = strlen(function->name) + 1;
		if (function->address == NULL)
			continue;
		symbols[list.count++] = (Elf64_Sym){.st_name = (Elf64_Word)list.strings_size,
						    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
						    .st_shndx = 1,
						    .st_value = (uintptr_t)function->address,
						    .st_size = 1};
		memcpy(strings + list.strings_size, function->name, size);
		list.strings_size += size;
	}
	enum rl_status status = rl_symbols_make(&list, &object->symbols, &object->tables);
	if (status != RL_OK)
		rl_heap_give(strings);
	return status;
}

static enum rl_status front_make(struct rl_host *host, const struct rl_host_function *functions, size_t count,
				 struct rl_host_front *out_front)
{
	struct rl_object *object = &out_front->object;
	object->path = "";
	object->kind = RL_OBJECT_LINKER;
	object->is_hosted = object->is_permanent = object->is_relocated = true;
	object->namespace = &host->linker->base;
	RL_TRY(table_make(functions, count, object));
	struct rl_object_list list = {&object, 1, 1};
	const struct rl_scope *scope = rl_scope_make(&list);
	if (scope == NULL)
		return RL_NO_MEMORY;
	atomic_store(&out_front->cell.current, scope);
	return RL_OK;
}

enum rl_status rl_host_front_start(struct rl_host *host, const struct rl_host_function *more, size_t count)
{
	enum { OWN = 3 };
	const void *at_exit = host->functions.thread_at_exit == NULL ? NULL : (void *)thread_at_exit;
	struct rl_host_function functions[FUNCTION_LIMIT] = {{"__tls_get_addr", tls_address},
							     {"__cxa_thread_atexit_impl", at_exit},
							     {"__cxa_thread_atexit", at_exit}};
	RL_TRY(front_make(host, functions, OWN, &host->front));
	host->linker->base.front = &host->front.cell;
	if (count == 0)
		return RL_OK;
	memcpy(functions + OWN, more, count * sizeof *more);
	RL_TRY(front_make(host, more, count, &host->stand_in));
	return front_make(host, functions, OWN + count, &host->whole_front);
}
