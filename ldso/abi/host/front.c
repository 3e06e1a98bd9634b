/* What objects of ours find before everything else in the process: functions whose host versions do not know us.  A
 * symbol table made by hand, so that the engine's lookup needs no exception; with a filter, as every lookup asks it. */
#include "host.h"

#include "../../base/heap.h"
#include "../../elf/table.h"

static const char strings[] = "\0__tls_get_addr\0__cxa_thread_atexit_impl\0__cxa_thread_atexit\0dl_iterate_phdr\0"
			      "_dl_find_object";
enum { TLS_GET_ADDR = 1, ATEXIT_IMPL = 16, ATEXIT = 41, ITERATE = 61, FIND_OBJECT = 77 };

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

/* What an unwinder that we load asks. */
static int iterate(rl_host_visitor *visit, void *argument)
{
	return rl_host_iterate(&rl_host, visit, argument);
}

static int find_object(uintptr_t address, void *out_result)
{
	return rl_host_find_object(&rl_host, address, out_result);
}

static Elf64_Sym function_symbol(unsigned name, const void *address)
{
	return (Elf64_Sym){.st_name = name,
			   .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			   .st_shndx = 1,
			   .st_value = (uintptr_t)address,
			   .st_size = 1};
}

enum rl_status rl_host_front_make(struct rl_host *host)
{
	enum { SYMBOL_LIMIT = 5 };
	Elf64_Sym symbols[SYMBOL_LIMIT];
	struct rl_symbol_list symbol_list = {.symbols = symbols, .strings = strings, .strings_size = sizeof strings};
	symbols[symbol_list.count++] = function_symbol(TLS_GET_ADDR, tls_address);
	if (host->functions.thread_at_exit != NULL) {
		symbols[symbol_list.count++] = function_symbol(ATEXIT_IMPL, thread_at_exit);
		symbols[symbol_list.count++] = function_symbol(ATEXIT, thread_at_exit);
	}
	if (host->is_alone) {
		symbols[symbol_list.count++] = function_symbol(ITERATE, iterate);
		symbols[symbol_list.count++] = function_symbol(FIND_OBJECT, find_object);
	}
	struct rl_object *front = &host->front;
	front->path = "";
	front->kind = RL_OBJECT_LINKER;
	front->is_hosted = front->is_permanent = front->is_relocated = true;
	front->namespace = &host->linker->base;
	RL_TRY(rl_symbols_make(&symbol_list, &front->symbols, &front->tables));
	struct rl_object_list list = {&front, 1, 1};
	const struct rl_scope *scope = rl_scope_make(&list);
	if (scope == NULL)
		return RL_NO_MEMORY;
	atomic_store(&host->front_cell.current, scope);
	host->linker->base.front = &host->front_cell;
	return RL_OK;
}
