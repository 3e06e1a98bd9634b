/* Before a library and what it needs are mapped: list them, change a string of the first, and pack one function of each, as
 * far as they were linked with --emit-relocs, into one huge page.  Arguments: library, from, to, functions. */
#include <relink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { HUGE_PAGE = 2 << 20 };

static void string_change(relink_closure *closure, const char *from, const char *to)
{
	const relink_scan *scan = relink_closure_scan(closure, 0);
	for (size_t i = 0; i < relink_scan_get_info(scan)->section_count; i++) {
		void *bytes;
		size_t size, length = strlen(from) + 1;
		if (strncmp(relink_scan_section_name(scan, i), ".rodata", 7) != 0
		    || relink_closure_section(closure, 0, i, &bytes, &size, NULL) != RELINK_OK)
			continue;
		for (char *at = bytes; (size_t)(at - (char *)bytes) + length <= size; at++)
			if (memcmp(at, from, length) == 0 && strlen(to) < length)
				memcpy(at, to, strlen(to) + 1);
	}
}

static void functions_pack(relink_closure *closure, relink_arena *arena, char **names)
{
	for (; *names != NULL; names++)
		for (size_t i = 0; i < relink_closure_count(closure); i++)
			if (relink_place_function(closure, i, *names, arena, RELINK_NEXT, NULL) == RELINK_OK)
				printf("%s of %s is packed\n", *names,
				       relink_scan_get_info(relink_closure_scan(closure, i))->soname);
}

int main(int argc, char **argv)
{
	relink_context *context;
	relink_closure *closure;
	relink_arena *arena;
	relink_module *module;
	relink_error error;
	if (argc < 5)
		return 2;
	relink_input input = relink_path(argv[1]);
	if (relink_context_new(0, &context, &error) != RELINK_OK
	    || relink_closure_new(context, &input, &closure, &error) != RELINK_OK) {
		fprintf(stderr, "%s: %s\n", error.file, relink_status_text(error.status));
		return 1;
	}
	for (size_t i = 0; i < relink_closure_count(closure); i++)
		printf("%zu: %s\n", i, relink_scan_get_info(relink_closure_scan(closure, i))->soname);
	string_change(closure, argv[2], argv[3]);
	if (relink_arena_new(closure, RELINK_CODE, HUGE_PAGE, 0, &arena, &error) != RELINK_OK)
		return 1;
	functions_pack(closure, arena, argv + 4);
	if (relink_closure_load(closure, NULL, &module, &error) != RELINK_OK) {
		char text[512];
		relink_error_format(&error, text, sizeof text);
		fprintf(stderr, "%s\n", text);
		return 1;
	}
	relink_arena_info info;
	relink_arena_get_info(arena, &info);
	relink_closure_free(closure);
	for (char **name = argv + 4; *name != NULL; name++) {
		uintptr_t address = (uintptr_t)relink_find(module, *name);
		printf("%s is %s\n", *name,
		       address - (uintptr_t)info.address < info.used ? "in the page" : "elsewhere");
	}
	printf("%s\n", RELINK_GET(module, const char *(*)(int), argv[4])(7));
	relink_unref(module);
	relink_context_free(context);
	return 0;
}
