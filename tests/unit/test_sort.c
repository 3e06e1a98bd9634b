/* The order of construction: users before what they use, cycles, and chains longer than any stack. */
#include "stub.h"

/* A graph of bare objects. */
struct graph {
	struct rl_linker linker;
	struct rl_object *objects;
	size_t count;
};

static void graph_make(struct graph *graph, size_t count)
{
	stub_linker_make(&graph->linker);
	graph->objects = calloc(count, sizeof *graph->objects);
	graph->count = count;
	for (size_t i = 0; i < count; i++) {
		graph->objects[i].needs_known = true;
		graph->objects[i].kind = RL_OBJECT_OPENED;
		rl_namespace_append(&graph->linker.base, &graph->objects[i]);
	}
}

static void needs(struct graph *graph, size_t user, size_t used)
{
	NEED(rl_list_append(&graph->objects[user].needed, &graph->objects[used]) == RL_OK);
}

static void graph_drop(struct graph *graph)
{
	for (size_t i = 0; i < graph->count; i++) {
		rl_list_drop(&graph->objects[i].needed);
		rl_list_drop(&graph->objects[i].closure);
		rl_list_drop(&graph->objects[i].sorted);
		for (struct rl_pin *pin = atomic_load(&graph->objects[i].pins), *next; pin != NULL; pin = next) {
			next = pin->next;
			rl_heap_give(pin);
		}
	}
	free(graph->objects);
}

static void root_sort(struct graph *graph, size_t root)
{
	struct rl_diag diag = RL_DIAG_NONE;
	NEED(rl_graph_close(&graph->linker, &graph->objects[root], NULL, RL_OBJECT_OPENED, &diag) == RL_OK);
	NEED(rl_graph_sort(&graph->objects[root]) == RL_OK);
	const struct rl_object *object = &graph->objects[root];
	CHECK(object->sorted.count == object->closure.count && object->sorted.items[0] == object);
	for (size_t i = 0; i < graph->count; i++)
		CHECK(!graph->objects[i].mark);
	for (size_t i = 0; i < object->closure.count; i++)
		CHECK(rl_list_has(&object->sorted, object->closure.items[i]) || object->closure.count > 500);
}

/* Whether every object stands before what it needs, where CYCLES does not say otherwise. */
static void order_check(struct graph *graph, const struct rl_object_list *list)
{
	size_t *place = malloc(graph->count * sizeof *place);
	memset(place, 0xff, graph->count * sizeof *place);
	for (size_t i = 0; i < list->count; i++) {
		size_t index = (size_t)(list->items[i] - graph->objects);
		NEED(index < graph->count);
		CHECK(place[index] == SIZE_MAX); /* none twice */
		place[index] = i;
	}
	for (size_t i = 0; i < graph->count; i++)
		for (size_t j = 0; place[i] != SIZE_MAX && j < graph->objects[i].needed.count; j++)
			CHECK(place[graph->objects[i].needed.items[j] - graph->objects] > place[i]);
	free(place);
}

static void list_expect(struct graph *graph, const struct rl_object_list *list, const char *expected, int line)
{
	char text[32] = "";
	for (size_t i = 0; i < list->count; i++)
		text[i] = (char)('0' + (list->items[i] - graph->objects));
	if (strcmp(text, expected) != 0) {
		fprintf(stderr, "%s:%d: %s, expected %s\n", __FILE__, line, text, expected);
		check_failures++;
	}
}
#define LIST(graph, list, expected) list_expect(graph, list, expected, __LINE__)

static void small_check(void)
{
	struct graph graph;
	graph_make(&graph, 4); /* a diamond */
	needs(&graph, 0, 1), needs(&graph, 0, 2), needs(&graph, 1, 3), needs(&graph, 2, 3);
	root_sort(&graph, 0);
	LIST(&graph, &graph.objects[0].closure, "0123");
	LIST(&graph, &graph.objects[0].sorted, "0123");
	graph_drop(&graph);

	graph_make(&graph, 4); /* the one loaded first needs the one loaded last */
	needs(&graph, 0, 1), needs(&graph, 0, 2), needs(&graph, 0, 3), needs(&graph, 3, 1);
	root_sort(&graph, 0);
	order_check(&graph, &graph.objects[0].sorted);
	graph_drop(&graph);

	graph_make(&graph, 1); /* needs itself, twice */
	needs(&graph, 0, 0), needs(&graph, 0, 0);
	root_sort(&graph, 0);
	LIST(&graph, &graph.objects[0].sorted, "0");
	graph_drop(&graph);
}

static void cycles_check(void)
{
	struct graph graph;
	graph_make(&graph, 3);
	needs(&graph, 0, 1), needs(&graph, 1, 2), needs(&graph, 2, 0);
	root_sort(&graph, 0);
	LIST(&graph, &graph.objects[0].sorted, "012");
	struct rl_object_list all;
	NEED(rl_graph_sort_all(&graph.linker.base, &all) == RL_OK);
	CHECK(all.count == 3 && all.items[0] == &graph.objects[0]);
	rl_list_drop(&all);
	graph_drop(&graph);

	uint64_t state = 5; /* any graph at all: every object once, root first */
	for (int round = 0; round < 300; round++) {
		size_t count = 2 + random_step(&state) % 30;
		graph_make(&graph, count);
		graph.linker.rules.sorts_by_moves = round % 2;
		for (size_t i = 0; i < count * 3; i++)
			needs(&graph, random_step(&state) % count, random_step(&state) % count);
		root_sort(&graph, random_step(&state) % count);
		NEED(rl_graph_sort_all(&graph.linker.base, &all) == RL_OK);
		CHECK(all.count == count && all.items[0] == &graph.objects[0]);
		rl_list_drop(&all);
		graph_drop(&graph);
	}
}

static void acyclic_check(void)
{
	uint64_t state = 9;
	for (int round = 0; round < 300; round++) {
		struct graph graph;
		size_t count = 2 + random_step(&state) % 40;
		graph_make(&graph, count);
		graph.linker.rules.sorts_by_moves = round % 2;
		for (size_t i = 0; i < count * 2; i++) {
			size_t user = random_step(&state) % (count - 1);
			needs(&graph, user, user + 1 + random_step(&state) % (count - 1 - user));
		}
		root_sort(&graph, 0);
		order_check(&graph, &graph.objects[0].sorted);
		graph_drop(&graph);
	}
}

/* Ten thousand libraries, each needing the next, in both load orders; and one that needs them all. */
static void long_check(void)
{
	enum { COUNT = 10000 };
	struct graph graph;
	for (int turn = 0; turn < 3; turn++) {
		graph_make(&graph, COUNT);
		for (size_t i = 0; i + 1 < COUNT; i++) {
			if (turn == 0)
				needs(&graph, i, i + 1);
			else if (turn == 1)
				needs(&graph, i == 0 ? 0 : COUNT - i, i + 1 == COUNT ? 0 : COUNT - i - 1);
			else
				needs(&graph, 0, i + 1);
		}
		root_sort(&graph, 0);
		CHECK(graph.objects[0].closure.count == COUNT);
		order_check(&graph, &graph.objects[0].sorted);
		struct rl_object_list all;
		NEED(rl_graph_sort_all(&graph.linker.base, &all) == RL_OK);
		order_check(&graph, &all);
		rl_list_drop(&all);
		graph_drop(&graph);
	}
}

/* Where no DT_NEEDED says anything, a symbol binding decides the order of destruction. */
static void pins_check(void)
{
	struct graph graph;
	graph_make(&graph, 4);
	NEED(rl_pin_add(&graph.objects[3], &graph.objects[1]) == RL_OK);
	NEED(rl_pin_add(&graph.objects[3], &graph.objects[1]) == RL_OK); /* once is enough */
	CHECK(graph.objects[3].pins->next == NULL);
	NEED(rl_pin_add(&graph.objects[1], &graph.objects[2]) == RL_OK);
	struct rl_object_list all;
	NEED(rl_graph_sort_all(&graph.linker.base, &all) == RL_OK);

	CHECK(all.items[0] == &graph.objects[0] && all.count == 4);
	LIST(&graph, &all, "0312");
	rl_list_drop(&all);
	graph_drop(&graph);
}

/* A library that needs an older root, whose own order names more than the library's closure has: a preload. */
static void outside_check(void)
{
	struct graph graph;
	graph_make(&graph, 4);
	struct rl_object *root = &graph.objects[0], *objects = graph.objects;
	struct rl_object_list first = {(struct rl_object *[]){&objects[1], &objects[3]}, 2, 2};
	struct rl_diag diag = RL_DIAG_NONE;
	NEED(rl_graph_close(&graph.linker, root, &first, RL_OBJECT_LIBRARY, &diag) == RL_OK
	     && rl_graph_sort(root) == RL_OK);
	CHECK(root->sorted.count == 3);
	for (size_t i = 0; i < graph.count; i++)
		objects[i].is_relocated = i != 2;
	needs(&graph, 2, 0);
	root_sort(&graph, 2);
	LIST(&graph, &objects[2].closure, "20");
	LIST(&graph, &objects[2].sorted, "20");
	graph_drop(&graph);
}

/* By moves: of what stays in use nothing moves, and a binding gives way to a need. */
static void moves_check(void)
{
	struct graph graph;
	struct rl_object_list all;
	graph_make(&graph, 5);
	graph.linker.rules.sorts_by_moves = true;
	needs(&graph, 3, 1), needs(&graph, 4, 2);
	NEED(rl_pin_add(&graph.objects[2], &graph.objects[4]) == RL_OK);
	NEED(rl_pin_add(&graph.objects[2], &graph.objects[3]) == RL_OK);
	NEED(rl_graph_sort_all(&graph.linker.base, &all) == RL_OK);
	LIST(&graph, &all, "04231");
	rl_list_drop(&all);
	graph.objects[1].mark = graph.objects[2].mark = true;
	NEED(rl_graph_sort_all(&graph.linker.base, &all) == RL_OK);
	LIST(&graph, &all, "01234");
	rl_list_drop(&all);
	graph_drop(&graph);
}

int main(void)
{
	moves_check();
	outside_check();
	small_check();
	cycles_check();
	acyclic_check();
	long_check();
	pins_check();
	return check_result();
}
