#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>

#include "scenario.h"

static void *must(void *handle, const char *name)
{
	void *value = dlsym(handle, name);

	if (!value)
		printf("%s: %s\n", name, ERROR_TEXT());
	return value;
}
#define CALL(type, handle, name) ((type)must(handle, #name))

/* It goes by the name of the file that the search finds, or its own. */
static int is_linker(const struct link_map *map)
{
	Dl_info info;

	return dladdr(dlsym(RTLD_DEFAULT, "_r_debug"), &info) && info.dli_fbase == (void *)map->l_addr;
}

static void list(void *handle)
{
	struct link_map *map = handle;

	while (map->l_prev)
		map = map->l_prev;
	for (; map; map = map->l_next)
		printf("  %s%s\n", is_linker(map) ? "the linker" : base_name(map->l_name),
		       map->l_ld ? "" : " without dynamic section");
	fflush(stdout);
}

static void walk_debug(void)
{
	struct space {
		struct r_debug base;
		struct space *next;
	} *space = NULL;
	const struct r_debug *first;

	/* The variable itself may be a copy in the program. */
	for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			space = (struct space *)entry->d_un.d_ptr;
	first = &space->base;
	printf("r_debug version %d\n", space->base.r_version);
	if (space->base.r_version < 2)
		return;
	for (; space; space = space->next) {
		int count = 0;

		for (struct link_map *map = space->base.r_map; map; map = map->l_next)
			count++;
		printf("  version %d, %d objects, state %d, %s, %s\n", space->base.r_version, count, space->base.r_state,
		       space->base.r_brk == first->r_brk ? "same breakpoint" : "other breakpoint",
		       space->base.r_ldbase == first->r_ldbase ? "same linker" : "other linker");
	}
}

static Lmid_t namespace_of(void *handle)
{
	Lmid_t id = -7;

	printf("dlinfo: %d, ", dlinfo(handle, RTLD_DI_LMID, &id));
	return id;
}

static int count_objects(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)info;
	(void)size;
	++*(int *)data;
	return 0;
}

static void try(Lmid_t id, const char *name, int mode)
{
	void *handle = dlmopen(id, name, mode);

	printf("dlmopen(%ld, %s, %#x): %s\n", (long)id, name ? name : "NULL", mode, handle ? "opened" : ERROR_TEXT());
}

int main(void)
{
	void *base, *one, *two, *inside, *in_base, *other;
	Lmid_t id;
	Dl_info info;
	int count = 0;

	walk_debug();
	base = dlopen("libone.so", RTLD_NOW);
	one = dlmopen(LM_ID_NEWLM, "libone.so", RTLD_NOW);
	CHECK(base && one && base != one);
	id = namespace_of(one);
	SHOW("%ld", (long)id);
	SHOW("%ld", (long)namespace_of(base));
	list(one);
	walk_debug();

	puts("== two copies");
	SHOW("%d", CALL(int (*)(void), base, step)());
	SHOW("%d", CALL(int (*)(void), base, step)());
	SHOW("%d", CALL(int (*)(void), one, step)());
	CHECK(must(base, "step") != must(one, "step"));
	CHECK(must(one, "printf") != must(RTLD_DEFAULT, "printf"));
	CHECK(CALL(int *(*)(void), one, errno_here)() != &errno);
	CHECK(CALL(int *(*)(void), base, errno_here)() == &errno);
	CHECK(CALL(int *(*)(void), one, tls_address)() != CALL(int *(*)(void), base, tls_address)());
	CHECK(CALL(int *(*)(void), one, tls_address)() == must(one, "module_tls"));
	SHOW("%d", *CALL(int *(*)(void), one, tls_address)());
	CALL(void (*)(void), one, use_heap)();
	CHECK(must(one, "_rtld_global") == must(RTLD_DEFAULT, "_rtld_global"));

	puts("== from inside");
	CHECK(CALL(void *(*)(void *, const char *), one, find)(RTLD_DEFAULT, "main") == NULL);
	printf("%s\n", CALL(const char *(*)(void), one, error_here)());
	CHECK(CALL(void *(*)(void *, const char *), one, find)(RTLD_DEFAULT, "printf") == must(one, "printf"));
	CHECK(CALL(void *(*)(void *, const char *), one, find)(RTLD_NEXT, "deep_step") == must(one, "deep_step"));
	CHECK(CALL(void *(*)(void *, const char *), one, find)(RTLD_NEXT, "step") == NULL);
	printf("%s\n", CALL(const char *(*)(void), one, error_here)());
	inside = CALL(void *(*)(const char *, int), one, open_here)("libtwo.so", RTLD_LAZY);
	printf("inside: %s\n", inside ? "opened" : CALL(const char *(*)(void), one, error_here)());
	SHOW("%ld", (long)namespace_of(inside));
	SHOW("%d", CALL(int (*)(void), inside, step)());
	SHOW("%d", CALL(int (*)(void), one, step)());
	list(one);
	CHECK(CALL(void *(*)(const char *, int), one, open_here)(NULL, RTLD_NOW) == dlopen(NULL, RTLD_NOW));
	CHECK(CALL(void *(*)(const char *, int), one, open_here)("libfar.so", RTLD_NOW) == NULL);
	printf("%s\n", CALL(const char *(*)(void), one, error_here)());
	CALL(void (*)(void), one, iterate)();
	CALL(void (*)(void), base, iterate)();
	dl_iterate_phdr(count_objects, &count);
	SHOW("%d", count);

	puts("== dlerror");
	CHECK(dlopen("libnone.so", RTLD_NOW) == NULL);
	printf("one says: %s\n", CALL(const char *(*)(void), one, error_here)());
	printf("base says: %s\n", ERROR_TEXT());
	CHECK(CALL(void *(*)(const char *, int), one, open_here)("libnone.so", RTLD_NOW) == NULL);
	printf("base says: %s\n", ERROR_TEXT());
	printf("one says: %s\n", CALL(const char *(*)(void), one, error_here)());
	CHECK(CALL(void *(*)(const char *, int), one, open_here)("libnone.so", 0) == NULL);
	CHECK(dlsym(base, "nothing") == NULL);
	printf("one says: %s\n", CALL(const char *(*)(void), one, error_here)());
	printf("base says: %s\n", ERROR_TEXT());

	puts("== more into it");
	two = dlmopen(id, "libtwo.so", RTLD_NOW);
	CHECK(two == inside);
	other = dlmopen(LM_ID_NEWLM, "libfar.so", RTLD_NOW | RTLD_NODELETE);
	SHOW("%ld", (long)namespace_of(other));
	list(other);
	CHECK(dlmopen(id, "libplain.so", RTLD_NOW | RTLD_NOLOAD) == NULL);
	printf("%s\n", ERROR_TEXT());
	in_base = dlmopen(LM_ID_BASE, "libplain.so", RTLD_NOW | RTLD_GLOBAL);
	CHECK(in_base && must(RTLD_DEFAULT, "plain_value") == must(in_base, "plain_value"));
	CHECK(CALL(void *(*)(void *, const char *), one, find)(RTLD_DEFAULT, "plain_value") == NULL);
	CHECK(dlmopen(LM_ID_BASE, NULL, RTLD_NOW) == dlopen(NULL, RTLD_NOW));
	CHECK(dladdr(must(one, "step"), &info) && info.dli_saddr == must(one, "step"));
	printf("%s %s\n", base_name(info.dli_fname), info.dli_sname);

	puts("== refused");
	try(LM_ID_NEWLM, NULL, RTLD_NOW);
	try(id, NULL, RTLD_NOW);
	try(LM_ID_NEWLM, "libone.so", RTLD_NOW | RTLD_GLOBAL);
	try(id, "libone.so", RTLD_NOW | RTLD_GLOBAL);
	try(LM_ID_NEWLM, "libone.so", 0);
	try(LM_ID_NEWLM, "libnone.so", RTLD_NOW);
	try(LM_ID_NEWLM, "libundefined.so", RTLD_NOW);
	walk_debug();
	try(LM_ID_NEWLM, "libnone.so", RTLD_NOW | RTLD_NOLOAD);
	try(LM_ID_BASE, NULL, 0);
	try(LM_ID_BASE, "libone.so", RTLD_NOW | 0x40);

	puts("== closing");
	SHOW("%d", dlclose(two));
	list(one);
	SHOW("%d", CALL(int (*)(void *), one, close_here)(inside));
	list(one);
	SHOW("%d", dlclose(one));
	walk_debug();
	one = dlmopen(LM_ID_NEWLM, "libtwo.so", RTLD_NOW);
	SHOW("%ld", (long)namespace_of(one));
	SHOW("%d", CALL(int (*)(void), one, step)());
	walk_debug();
	count = 0;
	dl_iterate_phdr(count_objects, &count);
	SHOW("%d", count);
	puts("== the end");
	fflush(stdout);
	return 0;
}
