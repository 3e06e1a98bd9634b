/* Looking names up: of known length, long, in tables of both kinds; and what a reference to an own symbol finds. */
#include <sys/mman.h>

#include "check.h"

enum { LONG = 700, PAGE = 4096 };

/* NAME at the end of memory that can be read: nothing behind it may be looked at. */
static char *page_end(const char *name, size_t size)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(pages != MAP_FAILED && mprotect(pages + PAGE, PAGE, PROT_NONE) == 0);
	return memcpy(pages + PAGE - size, name, size);
}

static void names_check(const char *path, const char *long_name)
{
	relink_context *context = check_context(0);
	relink_module *module = check_load(context, path, 0);
	void *a = relink_get(module, "a"), *abcdefgh = relink_get(module, "abcdefgh"), *b = relink_get(module, long_name);
	CHECK(a != NULL && abcdefgh != NULL && b != NULL);
	CHECK(relink_get_n(module, "abcdefgh", 1) == a && relink_get_n(module, "abcdefgh", 2) == NULL);
	for (size_t size = 1; size <= 9; size++) {
		const char *name = page_end("abcdefghi", size);
		CHECK(relink_get_n(module, name, size) == (size == 1 ? a : size == 8 ? abcdefgh : NULL));
		name = page_end(memcpy((char[10]){0}, "abcdefghi", size), size + 1);
		CHECK(relink_get(module, name) == (size == 1 ? a : size == 8 ? abcdefgh : NULL));
		relink_key key = relink_key_make(name);
		CHECK(relink_get_key(module, &key) == relink_get(module, name));
	}
	CHECK(relink_get_n(module, page_end(long_name, LONG), LONG) == b);
	CHECK(relink_get_n(module, long_name, LONG - 1) == NULL);
	CHECK(relink_get_n(module, "a\0c", 3) == NULL && relink_get_n(module, "", 0) == NULL);
	relink_unref(module);
	relink_context_free(context);
}

/* A library's references to its own symbols go to who stands before it, as with dlopen: checked by what both call. */
static void own_check(const char *scope, int expected, int expected_table)
{
	relink_context *context = check_context(0);
	relink_module *first = scope == NULL ? NULL : check_load(context, scope, 0), *module = NULL;
	NEED(relink_search_directory(context, ".") == RELINK_OK);
	relink_options options = {.scope = &first, .scope_count = first != NULL};
	relink_input input = relink_path("./libroot.so");
	NEED(relink_load(context, &input, &options, &module, NULL) == RELINK_OK);
	CHECK(((int (*)(void))relink_find(module, "own_call"))() == expected);
	CHECK(((int (*)(void))relink_find(module, "own_table"))() == expected_table);
	relink_unref(module);
	relink_unref(first);
	relink_context_free(context);
}

int main(void)
{
	static char source[4096], long_name[LONG + 1];
	check_begin();
	memset(long_name, 'b', LONG);
	snprintf(source, sizeof source, "int a, abcdefgh, %s;", long_name);
	check_library("libgnu.so", source, "-Wl,--hash-style=gnu");
	check_library("libsysv.so", source, "-Wl,--hash-style=sysv");
	names_check("./libgnu.so", long_name);
	names_check("./libsysv.so", long_name);
	check_library("libown.so",
		      "int who(void) { return 1; } int also(void) { return 10; } int (*table[])(void) = {who, also};"
		      "int own_call(void) { return who() + also(); } int own_table(void) { return table[0]() + table[1](); }",
		      "");
	check_library("libroot.so", "int also(void) { return 20; }", "-Wl,--no-as-needed -lown");
	check_library("libfirst.so", "int who(void) { return 3; }", "");
	own_check(NULL, 21, 21);
	own_check("./libfirst.so", 23, 23);
	return check_end();
}
