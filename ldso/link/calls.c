/* Running constructors and destructors.  They are foreign code: anything may happen in them, dlopen and exit included.
 * The load lock is held around constructors of an opened library, as the original holds it: another thread that opens
 * the same library must not get it half-constructed. */
#include "calls.h"

#include <string.h>

#include "graph.h"
#include "list.h"

typedef void init_function(int argc, char **argv, char **envp);
typedef void fini_function(void);

static void array_call(struct rl_linker *linker, const struct rl_table *array)
{
	const char *place = array->start;
	for (size_t i = 0; i < array->count; i++, place += sizeof(uintptr_t)) {
		uintptr_t function;
		memcpy(&function, place, sizeof function); /* link editors need not align it */
		((init_function *)function)(linker->argc, linker->argv, linker->envp);
	}
}

void rl_calls_preinit(struct rl_linker *linker)
{
	array_call(linker, &linker->program->dynamic.preinit_array);
}

static void object_init(struct rl_linker *linker, struct rl_object *object)
{
	if (object->init_called || object->kind == RL_OBJECT_LINKER || object->real != NULL
	    || object->is_hosted)
		return;
	object->init_called = true;
	if (object->kind == RL_OBJECT_PROGRAM)
		return;
	rl_emit(linker, (struct rl_event){.kind = RL_EVENT_INIT, .object = object});
	if (linker->call_functions != NULL && linker->call_functions(linker, object, true))
		return;
	if (object->dynamic.init != 0)
		((init_function *)object->dynamic.init)(linker->argc, linker->argv, linker->envp);
	array_call(linker, &object->dynamic.init_array);
}

void rl_calls_init(struct rl_linker *linker, struct rl_object *root)
{
	/* DF_1_INITFIRST: before everything else; the last such object wins, like in the original. */
	struct rl_object *first = NULL;
	for (size_t i = 0; i < root->closure.count; i++)
		if ((root->closure.items[i]->dynamic.flags_1 & DF_1_INITFIRST) && !root->closure.items[i]->init_called)
			first = root->closure.items[i];
	if (first != NULL)
		object_init(linker, first);
	rl_calls_init_list(linker, &root->sorted);
}

void rl_calls_init_list(struct rl_linker *linker, const struct rl_object_list *list)
{
	for (size_t i = list->count; i-- > 0;)
		object_init(linker, list->items[i]);
}

static void object_fini(struct rl_linker *linker, struct rl_object *object)
{
	object->init_called = false;
	rl_emit(linker, (struct rl_event){.kind = RL_EVENT_FINI, .object = object});
	if (linker->call_functions != NULL && linker->call_functions(linker, object, false))
		return;
	const uintptr_t *functions = object->dynamic.fini_array.start;
	for (size_t i = object->dynamic.fini_array.count; i-- > 0;)
		((fini_function *)functions[i])();
	if (object->dynamic.fini != 0)
		((fini_function *)object->dynamic.fini)();
}

void rl_calls_fini(struct rl_linker *linker, struct rl_object *object)
{
	if (!object->init_called || object->is_hosted)
		return;
	object_fini(linker, object);
}

static void fini_namespace(struct rl_linker *linker, struct rl_namespace *namespace)
{
	struct rl_object_list list = {0};
	linker->abi.lock(linker->abi.context);
	enum rl_status status = namespace->first == NULL ? RL_OK : rl_graph_sort_all(namespace, &list);
	/* A destructor may close what comes later in the list: it stays until the end. */
	for (size_t i = 0; i < list.count; i++)
		list.items[i]->open_count++;
	linker->abi.unlock(linker->abi.context);
	for (size_t i = 0; status == RL_OK && i < list.count; i++)
		rl_calls_fini(linker, list.items[i]);
	rl_list_drop(&list);
}

/* The youngest namespace first, as the original does. */
void rl_calls_fini_all(struct rl_linker *linker)
{
	for (struct rl_namespace *done = NULL; done != &linker->base;) {
		struct rl_namespace *namespace = &linker->base;
		while (namespace->next != done && namespace->next != NULL)
			namespace = namespace->next;
		fini_namespace(linker, namespace);
		done = namespace;
	}
}
