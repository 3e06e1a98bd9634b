/* Lists and names of a namespace. */
#include "namespace.h"

#include <string.h>

#include "../base/heap.h"
#include "list.h"

struct rl_namespace *rl_namespace_at(struct rl_linker *linker, long id)
{
	struct rl_namespace *namespace = &linker->base;
	while (namespace != NULL && namespace->id != id)
		namespace = namespace->next;
	return namespace == NULL || namespace->first == NULL ? NULL : namespace;
}

enum rl_status rl_namespace_start(struct rl_linker *linker, size_t limit, struct rl_namespace **out_namespace)
{
	struct rl_namespace *last = &linker->base, *namespace;
	for (namespace = last->next; namespace != NULL && namespace->first != NULL; namespace = namespace->next)
		last = namespace;
	if (limit != 0 && (size_t)last->id + 1 >= limit)
		return RL_REQUEST_NAMESPACES;
	if (namespace == NULL) {
		namespace = rl_heap_take(sizeof *namespace);
		if (namespace == NULL)
			return RL_NO_MEMORY;
		namespace->linker = linker;
		namespace->id = last->id + 1;
		last->next = namespace;
	}
	rl_emit(linker, (struct rl_event){.kind = RL_EVENT_NAMESPACE, .namespace = namespace});
	*out_namespace = namespace;
	return RL_OK;
}

void rl_namespace_append(struct rl_namespace *namespace, struct rl_object *object)
{
	object->namespace = namespace;
	object->previous = namespace->last;
	object->next = NULL;
	if (namespace->last != NULL)
		namespace->last->next = object;
	else
		namespace->first = object;
	namespace->last = object;
	namespace->count++;
}

void rl_namespace_remove(struct rl_namespace *namespace, struct rl_object *object)
{
	if (object->previous != NULL)
		object->previous->next = object->next;
	else
		namespace->first = object->next;
	if (object->next != NULL)
		object->next->previous = object->previous;
	else
		namespace->last = object->previous;
	object->next = object->previous = NULL;
	namespace->count--;
}

void rl_namespace_move(struct rl_namespace *namespace, struct rl_object *object, struct rl_object *previous)
{
	if (previous == object || previous->next == object)
		return;
	rl_namespace_remove(namespace, object);
	object->previous = previous;
	object->next = previous->next;
	if (previous->next != NULL)
		previous->next->previous = object;
	else
		namespace->last = object;
	previous->next = object;
	namespace->count++;
}

static struct rl_object_name *name_find(struct rl_namespace *namespace, const struct rl_name *name)
{
	struct rl_object_name *entry = namespace->names[name->gnu_hash % RL_NAME_BUCKETS];
	while (entry != NULL
	       && (entry->hash != name->gnu_hash
		   || !rl_name_text_equal(entry->string, entry->string + entry->size, name->string,
					  name->string + name->size)))
		entry = entry->next_in_bucket;
	return entry;
}

struct rl_object *rl_namespace_find(struct rl_namespace *namespace, const char *name)
{
	struct rl_name key = rl_name_make(name);
	struct rl_object_name *entry = name_find(namespace, &key);
	return entry == NULL ? NULL : entry->object;
}

struct rl_object *rl_namespace_find_file(struct rl_namespace *namespace, dev_t device, ino_t inode)
{
	for (struct rl_object *object = namespace->first; object != NULL; object = object->next)
		if (object->has_file_id && object->inode == inode && object->device == device)
			return object;
	return NULL;
}

enum rl_status rl_namespace_name_copy(struct rl_object *object, const char *name, const char **out_string)
{
	struct rl_namespace *namespace = object->namespace;
	struct rl_name key = rl_name_make(name);
	uint32_t hash = key.gnu_hash;
	struct rl_object_name *entry = name_find(namespace, &key);
	if (entry != NULL) { /* the first object to take a name keeps it */
		if (entry->object == object)
			*out_string = entry->string;
		return RL_OK;
	}
	entry = rl_heap_take(sizeof *entry + key.size);
	if (entry == NULL)
		return RL_NO_MEMORY;
	entry->string = memcpy(entry + 1, name, key.size);
	entry->size = key.size;
	entry->hash = hash;
	entry->object = object;
	entry->next_in_object = object->names;
	object->names = entry;
	entry->next_in_bucket = namespace->names[hash % RL_NAME_BUCKETS];
	namespace->names[hash % RL_NAME_BUCKETS] = entry;
	*out_string = entry->string;
	return RL_OK;
}

enum rl_status rl_namespace_name(struct rl_object *object, const char *name)
{
	const char *unused;
	return rl_namespace_name_copy(object, name, &unused);
}

void rl_namespace_unname(struct rl_object *object)
{
	while (object->names != NULL) {
		struct rl_object_name *entry = object->names;
		struct rl_object_name **link = &object->namespace->names[entry->hash % RL_NAME_BUCKETS];
		while (*link != entry)
			link = &(*link)->next_in_bucket;
		*link = entry->next_in_bucket;
		object->names = entry->next_in_object;
		rl_heap_give(entry);
	}
}

enum rl_status rl_namespace_publish_global(struct rl_namespace *namespace)
{
	struct rl_scope *scope = rl_scope_make(&namespace->global_list);
	if (scope == NULL)
		return RL_NO_MEMORY;
	const struct rl_scope *old = atomic_exchange(&namespace->global.current, scope);
	rl_scope_retire(&namespace->linker->readers, old);
	return RL_OK;
}

void rl_namespace_empty_global(struct rl_namespace *namespace)
{
	rl_list_drop(&namespace->global_list);
	rl_scope_retire(&namespace->linker->readers, atomic_exchange(&namespace->global.current, NULL));
}
