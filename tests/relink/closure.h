/* What the tests of closures share: making one and its arenas, its sections by their names, and the mappings that a failure
 * must not change. */
#ifndef RELINK_TEST_CLOSURE_H
#define RELINK_TEST_CLOSURE_H

#include "check.h"

enum { HUGE = 2 << 20 }; /* a huge page of the CPU */

/* Libraries find what they need by their own paths. */
static inline relink_context *context_new(void)
{
	relink_context *context = check_context(0);
	NEED(relink_search_runpath(context) == RELINK_OK);
	return context;
}

static inline relink_closure *closure_new(relink_context *context, const char *path)
{
	relink_closure *closure = NULL;
	relink_error error;
	relink_input input = relink_path(path);
	check_ok(relink_closure_new(context, &input, &closure, &error), path, &error);
	return closure;
}

/* 0: MODULE has no section NAME. */
static inline size_t section_find(const relink_closure *closure, size_t module, const char *name)
{
	const relink_scan *scan = relink_closure_scan(closure, module);
	size_t i = 0, count = relink_scan_get_info(scan)->section_count;
	while (i < count && strcmp(relink_scan_section_name(scan, i), name) != 0)
		i++;
	return i < count ? i : 0;
}

static inline size_t section_named(const relink_closure *closure, size_t module, const char *name)
{
	size_t section = section_find(closure, module, name);
	NEED(section != 0);
	return section;
}

static inline relink_arena *arena_new(relink_closure *closure, relink_content memory, size_t page_size, unsigned flags)
{
	relink_arena *arena = NULL;
	NEED(relink_arena_new(closure, memory, page_size, flags, &arena, NULL) == RELINK_OK);
	return arena;
}

static inline int is_inside(const relink_arena_info *info, const void *address)
{
	return (uintptr_t)address >= (uintptr_t)info->address
	       && (uintptr_t)address < (uintptr_t)info->address + info->used;
}

/* The section, if there is one. */
static inline void section_place(relink_closure *closure, size_t module, const char *name, relink_arena *arena)
{
	relink_error error;
	size_t section = section_find(closure, module, name);
	if (section != 0 && relink_place_section(closure, module, section, arena, RELINK_NEXT, &error) != RELINK_OK) {
		fprintf(stderr, "%s: %s %s\n", name, relink_status_name(error.status), error.symbol);
		check_failures++;
	}
}

/* The mappings without data that is in no file: what the heap and the stack do is left out. */
static inline void maps_take_files(struct maps *out_maps)
{
	maps_take(out_maps);
	char *to = out_maps->text;
	for (const char *line = to, *end; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		end += *end != '\0';
		size_t size = (size_t)(end - line);
		if (memmem(line, size, " 00:00 0 ", 9) != NULL && memmem(line, size, "r-xp", 4) == NULL)
			continue;
		memmove(to, line, size);
		to += size;
	}
	*to = '\0';
	out_maps->size = (size_t)(to - out_maps->text);
}

#endif
