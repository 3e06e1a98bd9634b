/* All modules of a context in one arena: here simply the next place in a range that was reserved before, so that generated
 * code in it reaches every module with a 32-bit distance.  The kernel still maps the files. */
#include <relink.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

struct arena {
	uintptr_t start, next, end;
	size_t used;
};

static int reserve(void *user, const relink_reservation *wanted, void **out_start)
{
	struct arena *arena = user;
	uintptr_t start = (arena->next + wanted->align - 1) & -wanted->align;
	if (start > arena->end || wanted->size > arena->end - start || wanted->address != 0 || wanted->limit != 0)
		return 12; /* ENOMEM: the load fails with RELINK_E_MAP and this number */
	arena->next = start + wanted->size;
	arena->used += wanted->size;
	*out_start = (void *)start;
	return 0;
}

/* Nobody may access it until it is given out again, which is left as an exercise. */
static int release(void *user, void *start, size_t size)
{
	struct arena *arena = user;
	arena->used -= size;
	mmap(start, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return 0;
}

static int print_place(void *user, const relink_info *info)
{
	const struct arena *arena = user;
	int is_inside = info->map_start >= arena->start && info->map_end <= arena->end;
	printf("%s: %s\n", info->name, is_inside ? "in the arena" : "elsewhere");
	return 0;
}

int main(int argc, char **argv)
{
	enum { SIZE = 64 << 20 };
	relink_memory_hooks memory = {.reserve = reserve, .release = release};
	relink_context *context;
	relink_module *module;
	relink_error error;
	if (argc != 3)
		return 2;
	relink_input input = relink_path(argv[1]);
	void *range = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct arena arena = {(uintptr_t)range, (uintptr_t)range, (uintptr_t)range + SIZE, 0};
	if (range == MAP_FAILED || relink_context_new(0, &context, &error) != RELINK_OK)
		return 1;
	relink_search_directory(context, argv[2]);
	relink_set_memory(context, &memory, &arena);
	if (relink_load(context, &input, NULL, &module, &error) != RELINK_OK) {
		char text[256];
		relink_error_format(&error, text, sizeof text);
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	relink_each_module(context, print_place, &arena);
	printf("use() = %d\n", RELINK_GET(module, int (*)(void), "use")());
	relink_unref(module);
	printf("%zu bytes in use\n", arena.used);
	relink_context_free(context);
	return 0;
}
