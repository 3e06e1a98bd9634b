/* The table of unique symbols: the first definition of a name stays the one, through growth, and through forgetting the
 * objects in any order. */
#include "../../ldso/link/unique.h"

#include "../../ldso/base/heap.h"
#include "check.h"

enum { OBJECTS = 20, NAMES = 400 };

static char strings[NAMES * 16];
static Elf64_Sym symbols[NAMES];
static struct rl_object objects[OBJECTS];
static struct rl_linker linker; /* forgotten choices wait for its readers */
static struct rl_namespace namespace = {.linker = &linker};

static void names_make(void)
{
	size_t used = 1;
	for (size_t i = 0; i < NAMES; i++) {
		symbols[i].st_name = (Elf64_Word)used;
		/* Names in pairs with the same hash: 33 * 'b' + 'A' = 33 * 'a' + 'b'. */
		used += (size_t)sprintf(strings + used, "u%zu%s", i / 2, i % 2 ? "bA" : "ab") + 1;
	}
	for (size_t i = 0; i < OBJECTS; i++) {
		objects[i].symbols.strings = strings;
		objects[i].symbols.symbols = symbols;
	}
}

static struct rl_binding choose(size_t object, size_t symbol)
{
	struct rl_name name = rl_name_make(strings + symbols[symbol].st_name);
	struct rl_binding binding = {&objects[object], &symbols[symbol]};
	CHECK(rl_unique_choose(&namespace, &name, &binding) == RL_OK);
	return binding;
}

int main(void)
{
	struct rl_object *chosen[NAMES] = {0};
	uint64_t state = 11;
	names_make();
	CHECK(rl_hash_gnu("u1ab") == rl_hash_gnu("u1bA"));
	rl_unique_forget(&namespace, &objects[0]); /* no table yet */
	for (unsigned round = 0; round < 40000; round++) {
		size_t object = random_step(&state) % OBJECTS, symbol = random_step(&state) % NAMES;
		if (random_step(&state) % 50 == 0) {
			CHECK(rl_readers_reclaim(&linker.readers));
			rl_unique_forget(&namespace, &objects[object]);
			for (size_t i = 0; i < NAMES; i++)
				if (chosen[i] == &objects[object])
					chosen[i] = NULL;
			CHECK(objects[object].unique_count == 0);
			continue;
		}
		struct rl_binding binding = choose(object, symbol);
		if (chosen[symbol] == NULL) {
			chosen[symbol] = &objects[object];
			CHECK(objects[object].unique_count != 0);
		}
		CHECK(binding.object == chosen[symbol] && binding.symbol == &symbols[symbol]);
	}
	for (size_t i = 0; i < OBJECTS; i++)
		rl_unique_forget(&namespace, &objects[i]);
	for (size_t i = 0; i < NAMES; i++)
		CHECK(choose(i % OBJECTS, i).object == &objects[i % OBJECTS]);
	return check_result();
}
