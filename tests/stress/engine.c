/* The engine's parts that threads use without a lock, hosted and under the thread sanitizer: the address table, read
 * sections with retired blocks, the heap, the table of unique symbols and scopes.
 *     engine SECONDS */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/link/linker.h"
#include "../../ldso/link/unique.h"

enum { OBJECTS = 64, NAMES = 64, READERS = 4, SPAN = 0x10000 };

static struct rl_linker linker;
static struct rl_namespace namespace = {.linker = &linker};
static struct rl_object *objects[OBJECTS];
static Elf64_Sym symbols[NAMES];
static char strings[NAMES * 8];
static atomic_bool stops;
static atomic_uint failures;

static void fail(const char *what)
{
	if (atomic_fetch_add(&failures, 1) < 10)
		fprintf(stderr, "%s\n", what);
}

static struct rl_object *object_make(size_t number)
{
	struct rl_object *object = rl_heap_take(sizeof *object);
	object->map_start = (number + 1) * SPAN;
	object->map_end = object->map_start + SPAN;
	object->symbols.strings = strings;
	object->serial = number;
	return object;
}

/* Every scope holds objects with rising numbers, and no freed one. */
static void scope_read(void)
{
	unsigned side = rl_readers_enter(&linker.readers);
	const struct rl_scope *scope = atomic_load_explicit(&namespace.global.current, memory_order_acquire);
	for (size_t i = 1; scope != NULL && i < scope->count; i++)
		if (scope->entries[i].object->serial <= scope->entries[i - 1].object->serial)
			fail("a scope was changed in place");
	if (scope != NULL && !rl_scope_lacks(scope, 1234567))
		rl_scope_missed(scope);
	rl_readers_leave(&linker.readers, side);
}

static void address_read(uint64_t *state)
{
	uintptr_t address = (uintptr_t)(rand_r((unsigned *)state) % ((OBJECTS + 2) * SPAN));
	unsigned side = rl_readers_enter(&linker.readers);
	struct rl_object *object = rl_address_find(&linker.addresses, address);
	if (object != NULL && (address < object->map_start || address >= object->map_end))
		fail("an address belongs to another object");
	rl_readers_leave(&linker.readers, side);
	/* The first object is always there. */
	if (rl_address_find(&linker.addresses, SPAN + 5) == NULL)
		fail("an object is missing");
}

static void unique_read(uint64_t *state)
{
	size_t at = (size_t)rand_r((unsigned *)state) % NAMES;
	struct rl_name name = rl_name_make(strings + symbols[at].st_name);
	unsigned side = rl_readers_enter(&linker.readers);
	struct rl_binding binding = {objects[0], &symbols[at]};
	if (rl_unique_choose(&namespace, &name, &binding) != RL_OK || binding.symbol != &symbols[at])
		fail("another unique symbol");
	rl_readers_leave(&linker.readers, side);
}

static void heap_use(uint64_t *state)
{
	size_t size = (size_t)rand_r((unsigned *)state) % 3000 + 1;
	unsigned char *block = rl_heap_take(size);
	for (size_t i = 0; i < size; i++)
		if (block[i] != 0)
			fail("a block is not empty");
	memset(block, 0xa5, size);
	rl_heap_give(block);
}

static void *reader(void *argument)
{
	uint64_t state = (uintptr_t)argument;
	while (!atomic_load(&stops)) {
		scope_read();
		address_read(&state);
		unique_read(&state);
		heap_use(&state);
	}
	return NULL;
}

/* Objects come and go, but the first. */
static void writer_step(uint64_t *state)
{
	size_t at = 1 + (size_t)rand_r((unsigned *)state) % (OBJECTS - 1);
	struct rl_object *gone = objects[at];
	if (gone == NULL) {
		objects[at] = object_make(at);
		if (rl_address_reserve(&linker.addresses, 1) != RL_OK)
			abort();
		rl_address_add_list(&linker.addresses, objects[at]);
	}
	if (gone != NULL)
		objects[at] = NULL;
	struct rl_object *present[OBJECTS];
	struct rl_object_list list = {present, 0, OBJECTS};
	for (size_t i = 0; i < OBJECTS; i++)
		if (objects[i] != NULL)
			present[list.count++] = objects[i];
	rl_scope_retire(&linker.readers, atomic_exchange(&namespace.global.current, rl_scope_make(&list)));
	if (gone != NULL) {
		rl_address_remove(&linker.addresses, &gone, 1);
		rl_unique_forget(&namespace, gone);
		rl_readers_retire(&linker.readers, gone);
	}
	if (rand_r((unsigned *)state) % 4 == 0)
		(void)rl_readers_reclaim(&linker.readers);
}

int main(int argc, char **argv)
{
	size_t used = 1;
	for (size_t i = 0; i < NAMES; i++) {
		symbols[i].st_name = (Elf64_Word)used;
		used += (size_t)sprintf(strings + used, "u%zu", i) + 1;
	}
	objects[0] = object_make(0);
	if (rl_address_reserve(&linker.addresses, 1) != RL_OK)
		return 2;
	rl_address_add_list(&linker.addresses, objects[0]);
	pthread_t threads[READERS];
	for (size_t i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader, (void *)(i + 1));
	uint64_t state = 77;
	for (time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5); time(NULL) < end;)
		writer_step(&state);
	atomic_store(&stops, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	puts(failures == 0 ? "ok" : "failed");
	return failures != 0;
}
