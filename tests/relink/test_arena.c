/* Arenas: what may not be placed there, what a load that fails leaves, their pages, and who keeps them. */
#include "closure.h"

static const char source[] =
	"extern int printf(const char *, ...); __thread int own = 7; int exported = 3;"
	"__attribute__((constructor)) static void start(void) { exported++; }"
	"__attribute__((noinline)) int hot(int x) { exported += own; return printf(\"%d\", x) + exported; }"
	"int cold(int x) { return hot(x) + hot(x + 1); }";

static relink_status section_refused(relink_closure *closure, const char *name, relink_arena *arena, uint64_t offset)
{
	relink_error error;
	relink_status status = relink_place_section(closure, 0, section_named(closure, 0, name), arena, offset, &error);
	CHECK(status == RELINK_OK || error.status == status);
	return status;
}

static void refusals_try(void)
{
	relink_context *context = context_new();
	relink_error error;
	check_library("libplain.so", "int plain(void) { return 1; }", "");
	relink_closure *closure = closure_new(context, "./libplain.so");
	relink_arena *code = arena_new(closure, RELINK_CODE, HUGE, 0), *other_code;
	CHECK(section_refused(closure, ".text", code, RELINK_NEXT) == RELINK_E_UNMOVABLE);
	CHECK(relink_place_function(closure, 0, "plain", code, RELINK_NEXT, &error) == RELINK_E_UNMOVABLE);
	CHECK(strcmp(error.file, "./libplain.so") == 0);
	CHECK(relink_place_all(closure, &error) == RELINK_OK); /* places what can be */
	relink_arena *never = NULL;
	CHECK(relink_arena_new(closure, RELINK_CODE, 5000, 0, &never, &error) == RELINK_E_ARGUMENT && never == NULL);
	CHECK(relink_arena_new(closure, RELINK_CODE, 4096, 64, &never, &error) == RELINK_E_ARGUMENT);
	relink_closure_free(closure);

	check_library("libfixed.so", source, "-ffunction-sections -Wl,--emit-relocs");
	closure = closure_new(context, "./libfixed.so");
	code = arena_new(closure, RELINK_CODE, HUGE, RELINK_ARENA_PRIVATE);
	relink_arena *data = arena_new(closure, RELINK_WRITABLE, 4096, 0),
		     *constants = arena_new(closure, RELINK_READ_ONLY, 4096, 0);
	static const char *const made[] = {".plt", ".got", ".dynamic", ".eh_frame", ".dynsym", ".init_array", ".tdata"};
	for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
		CHECK(section_refused(closure, made[i], data, RELINK_NEXT) == RELINK_E_UNMOVABLE);
		CHECK(section_refused(closure, made[i], constants, RELINK_NEXT) == RELINK_E_UNMOVABLE);
	}
	CHECK(section_refused(closure, ".text", data, RELINK_NEXT) == RELINK_E_UNMOVABLE);
	CHECK(section_refused(closure, ".data", code, RELINK_NEXT) == RELINK_E_UNMOVABLE);
	CHECK(relink_place_function(closure, 0, "nobody", code, RELINK_NEXT, &error) == RELINK_E_SYMBOL);
	CHECK(strcmp(error.symbol, "nobody") == 0);
	CHECK(relink_place_section(closure, 0, 999, code, 0, &error) == RELINK_E_ARGUMENT);
	CHECK(relink_place_section(closure, 7, 1, code, 0, &error) == RELINK_E_ARGUMENT);

	/* Offsets, overlaps, moving again, and going back. */
	relink_arena_info info;
	CHECK(relink_place_function(closure, 0, "hot", code, 8192, &error) == RELINK_OK);
	CHECK(relink_place_function(closure, 0, "cold", code, 8200, &error) == RELINK_E_ARGUMENT);
	CHECK(relink_place_function(closure, 0, "cold", code, 8201, &error) == RELINK_E_ARGUMENT);
	CHECK(section_refused(closure, ".text", code, RELINK_NEXT) == RELINK_E_ARGUMENT);
	CHECK(relink_place_function(closure, 0, "hot", code, 64, &error) == RELINK_OK);
	CHECK(relink_place_function(closure, 0, "cold", code, 8192, &error) == RELINK_OK);
	CHECK(relink_place_function(closure, 0, "cold", NULL, 0, &error) == RELINK_OK);
	relink_arena_get_info(code, &info);
	CHECK(info.used > 64 && info.used < 4096 && info.address == NULL && info.size == 0);
	CHECK(relink_place_function(closure, 0, "hot", NULL, 0, &error) == RELINK_OK);
	CHECK(section_refused(closure, ".text", code, RELINK_NEXT) == RELINK_OK);
	relink_closure *stranger = closure_new(context, "./libfixed.so");
	other_code = arena_new(stranger, RELINK_CODE, 4096, 0);
	CHECK(section_refused(closure, ".text", other_code, RELINK_NEXT) == RELINK_E_ARGUMENT);
	relink_closure_free(stranger);
	relink_closure_free(closure);

	/* A private arena serves one module. */
	check_library("libown.so", "int own(void) { return 1; }", "-Wl,--emit-relocs");
	check_library("libuses.so", "int own(void); int uses(void) { return own(); }",
		      "-Wl,--emit-relocs -lown -Wl,-rpath,'$ORIGIN'");
	closure = closure_new(context, "./libuses.so");
	code = arena_new(closure, RELINK_CODE, 4096, RELINK_ARENA_PRIVATE);
	section_place(closure, 0, ".text", code);
	CHECK(relink_place_section(closure, 1, section_named(closure, 1, ".text"), code, RELINK_NEXT, &error)
	      == RELINK_E_ARGUMENT);
	relink_closure_free(closure);
	relink_context_free(context);
}

/* Two functions of one name; a function that was not compiled on its own; and a symbol that nobody has: all as before. */
static void failures_undo(void)
{
	static struct maps before, after;
	relink_context *context = context_new();
	relink_module *module = NULL;
	relink_error error;
	check_library("libknit.so",
		      "__attribute__((noinline)) static int knit(int x) { return x * 3 + (x > 5); }"
		      "int first(int x) { return knit(x) + 1; } int second(int x) { return knit(x) * 2; }",
		      "-Wl,--emit-relocs -fno-ipa-sra");
	relink_closure *closure = closure_new(context, "./libknit.so");
	relink_arena *code = arena_new(closure, RELINK_CODE, HUGE, 0);
	CHECK(relink_place_function(closure, 0, "first", code, RELINK_NEXT, &error) == RELINK_OK);
	maps_take_files(&before);
	CHECK(relink_closure_load(closure, NULL, &module, &error) == RELINK_E_UNMOVABLE && module == NULL);
	CHECK(strcmp(error.symbol, "knit") == 0);
	maps_take_files(&after);
	CHECK(maps_equal(&before, &after));
	/* It may be tried again: without what was asked for, and as a whole. */
	CHECK(relink_place_function(closure, 0, "first", NULL, 0, &error) == RELINK_OK);
	section_place(closure, 0, ".text", code);
	NEED(relink_closure_load(closure, NULL, &module, &error) == RELINK_OK);
	CHECK(RELINK_GET(module, int (*)(int), "first")(7) == 23
	      && RELINK_GET(module, int (*)(int), "second")(7) == 44);
	relink_closure_free(closure);
	relink_unref(module);
	module = NULL;
	maps_take_files(&after);
	CHECK(maps_equal(&before, &after));

	check_library("libneeds.so", "int nobody(void); int needs(void) { return nobody(); }",
		      "-Wl,--emit-relocs -Wl,-z,now -Wl,--unresolved-symbols=ignore-all");
	closure = closure_new(context, "./libneeds.so");
	CHECK(relink_place_all(closure, &error) == RELINK_OK);
	CHECK(relink_closure_load(closure, NULL, &module, &error) == RELINK_E_REL_SYMBOL && module == NULL);
	maps_take_files(&after);
	CHECK(maps_equal(&before, &after));
	relink_closure_free(closure);
	check_run("printf 'static int twin(void) { return 1; } int (*one(void))(void) { return twin; }' >one.c;"
		  "printf 'static int twin(void) { return 2; } int (*two(void))(void) { return twin; }' >two.c;"
		  "cc -shared -fPIC -O0 -ffunction-sections -Wl,--emit-relocs -o libtwins.so one.c two.c");
	closure = closure_new(context, "./libtwins.so");
	code = arena_new(closure, RELINK_CODE, 4096, 0);
	CHECK(relink_place_function(closure, 0, "twin", code, RELINK_NEXT, &error) == RELINK_E_LINK_TWICE);
	relink_closure_free(closure);
	relink_context_free(context);
}

/* Whether the kernel says that the mapping at ADDRESS may have huge pages. */
static int is_advised(const void *address)
{
	char line[512];
	int is_there = 0, result = 0;
	unsigned long start, end;
	FILE *maps = fopen("/proc/self/smaps", "r");
	while (fgets(line, sizeof line, maps) != NULL) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			is_there = (uintptr_t)address >= start && (uintptr_t)address < end;
		if (is_there && strncmp(line, "VmFlags:", 8) == 0)
			result = strstr(line, " hg") != NULL || strstr(line, " ht") != NULL;
	}
	fclose(maps);
	return result;
}

static int is_huge_known(void)
{
	return access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0;
}

/* Huge pages by advice; from the pool, if there are any, or not at all. */
static void pages_try(void)
{
	static const unsigned flags[] = {0, RELINK_ARENA_POOL, RELINK_ARENA_POOL_ONLY};
	static struct maps before, after;
	relink_context *context = context_new();
	relink_error error;
	maps_take_files(&before);
	for (int i = 0; i < 3; i++) {
		relink_module *module = NULL;
		relink_arena_info info;
		relink_closure *closure = closure_new(context, "./libuses.so");
		relink_arena *code = arena_new(closure, RELINK_CODE, HUGE, flags[i]);
		section_place(closure, 0, ".text", code);
		section_place(closure, 1, ".text", code);
		relink_status status = relink_closure_load(closure, NULL, &module, &error);
		relink_arena_get_info(code, &info);
		if (i == 2 && status != RELINK_OK) {
			CHECK(status == RELINK_E_MAP && error.error_number != 0 && info.address == NULL);
		} else {
			NEED(status == RELINK_OK);
			CHECK(check_call(module, "uses") == 1 && (uintptr_t)info.address % HUGE == 0
			      && info.size == HUGE);
			CHECK(!is_huge_known() || is_advised(info.address));
			CHECK(is_inside(&info, relink_get(module, "uses"))
			      && is_inside(&info, relink_find(module, "own")));
		}
		relink_closure_free(closure);
		relink_unref(module);
		maps_take_files(&after);
		CHECK(maps_equal(&before, &after));
	}
	relink_context_free(context);
}

/* An arena stays for the module that is left; calls that are bound late; the default packing. */
static void lives_try(void)
{
	relink_context *context = context_new();
	relink_module *module = NULL;
	relink_options lazy = {.flags = RELINK_LAZY};
	relink_error error;
	check_library("libown.so", "int own(void) { return 1; }", "-Wl,--emit-relocs");
	relink_closure *closure = closure_new(context, "./libuses.so");
	CHECK(relink_place_all(closure, &error) == RELINK_OK);
	NEED(relink_closure_load(closure, &lazy, &module, &error) == RELINK_OK);
	relink_closure_free(closure);
	relink_module *own = relink_dependency(module, 0);
	int (*function)(void) = RELINK_GET(own, int (*)(void), "own");
	CHECK(check_call(module, "uses") == 1);
	uintptr_t page = (uintptr_t)relink_get(module, "uses") & -(uintptr_t)HUGE;
	CHECK(((uintptr_t)function & -(uintptr_t)HUGE) == page);
	relink_unref(module);
	CHECK(function() == 1);
	relink_module *found = relink_module_at((void *)(uintptr_t)function);
	CHECK(found == own);
	relink_unref(found);
	relink_unref(own);
	CHECK(relink_module_at((void *)(uintptr_t)function) == NULL);
	relink_context_free(context);
}

int main(void)
{
	check_begin();
	refusals_try();
	failures_undo();
	pages_try();
	lives_try();
	return check_end();
}
