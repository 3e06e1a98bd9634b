/* Placing sections and functions: what was moved is called, calls, refers and is referred to as before, for the code that
 * compilers and link editors make by default; exceptions pass; results are those of the system's dlopen of the same file. */
#include <link.h>
#include <sys/wait.h>

#include "closure.h"

enum { HUGE = 2 << 20 };

/* One library that uses all kinds of references; NAME makes its symbols its own. */
static const char source[] =
	"extern int printf(const char *, ...); extern int other_function(int); extern int other_data;"
	"extern __thread int other_thread; extern void *malloc(unsigned long); extern void free(void *);"
	"int exported = 3; static int hidden_data = 5; __thread int thread_own = 7; static __thread int thread_hidden = 9;"
	"__attribute__((visibility(\"hidden\"))) int hidden_variable = 11;"
	"static const int table[] = {2, 3, 5, 7, 11, 13}; static int zeros[100];"
	"static const char *const words[] = {\"zero\", \"one\", \"two\", \"three\"};"
	"__attribute__((noinline)) static int helper(int x) { zeros[x & 63]++; return x * hidden_data + table[(unsigned)x % 6]; }"
	"__attribute__((noinline, visibility(\"hidden\"))) int hidden_function(int x) { return helper(x) ^ hidden_variable; }"
	"__attribute__((noinline)) int hot(int x) {"
	" switch (x % 12) { case 0: return helper(x); case 1: return other_function(x); case 2: return exported + x;"
	" case 3: return other_data * x; case 4: return thread_own += x; case 5: return thread_hidden += x;"
	" case 6: return words[x & 3][0]; case 7: return hidden_function(x); case 8: return other_thread + x;"
	" case 9: { char *p = malloc(10); p[3] = (char)x; x = p[3]; free(p); return x; }"
	" case 10: return zeros[x & 63] + (x > 20 ? hot(x - 12) : 1); default: return hidden_data++; } }"
	"int cold(int x) { return hot(x) + hot(x + 1) + helper(x); }"
	"typedef int function(int); function *const functions[] = {hot, helper, hidden_function, cold};"
	"function *writable[] = {hot, cold, helper}; function *hot_address(void) { return hot; }"
	"function *from_table(int i) { return functions[i]; } function *from_writable(int i) { return writable[i]; }"
	"int is_hot(function *f) { return f == hot && f == functions[0] && f == writable[0]; }"
	"static int chosen_one(int x) { return x + 1000; } static int chosen_two(int x) { return x + 2000; }"
	"__attribute__((noinline)) static function *choose(void) { return table[0] == 2 ? chosen_one : chosen_two; }"
	"\n#ifndef LARGE\nint chosen(int x) __attribute__((ifunc(\"choose\")));\n#else\nint chosen(int x) { return choose()(x); }\n#endif\n"
	"int use_chosen(int x) { return chosen(x); }"
	"int started; __attribute__((constructor)) static void start(void) { started = hot(2) + helper(1); }"
	"extern int *finish_place; __attribute__((destructor)) static void finish(void) { if (finish_place) *finish_place = helper(3); }"
	"int *finish_place; int was_started(void) { return started; }"
	"int sum(void) { int s = 0; for (int i = 0; i < 48; i++) s = s * 31 + hot(i) + cold(i) + use_chosen(i)"
	" + from_table(i & 3)(i) + from_writable(i % 3)(i); return s; }";

static const char other[] =
	"int other_data = 17; __thread int other_thread = 19; int other_function(int x) { return x * other_data + other_thread; }";

static relink_status load(relink_closure *closure, relink_module **module)
{
	relink_error error;
	char text[512];
	relink_status status = relink_closure_load(closure, NULL, module, &error);
	if (status != RELINK_OK) {
		relink_error_format(&error, text, sizeof text);
		fprintf(stderr, "%s\n", text);
	}
	return status;
}

/* Libraries find what they need by their own paths. */
static relink_context *context_new(void)
{
	relink_context *context = check_context(0);
	NEED(relink_search_runpath(context) == RELINK_OK);
	return context;
}

static relink_arena *arena_new(relink_closure *closure, relink_content memory, size_t page_size, unsigned flags)
{
	relink_arena *arena = NULL;
	NEED(relink_arena_new(closure, memory, page_size, flags, &arena, NULL) == RELINK_OK);
	return arena;
}

static int is_inside(const relink_arena_info *info, const void *address)
{
	return (uintptr_t)address >= (uintptr_t)info->address
	       && (uintptr_t)address < (uintptr_t)info->address + info->used;
}

static void section_place(relink_closure *closure, size_t module, const char *name, relink_arena *arena)
{
	relink_error error;
	size_t section = section_find(closure, module, name);
	if (section != 0 && relink_place_section(closure, module, section, arena, RELINK_NEXT, &error) != RELINK_OK) {
		fprintf(stderr, "%s: %s %s\n", name, relink_status_name(error.status), error.symbol);
		check_failures++;
	}
}

/* What was moved, by the kinds of the test below. */
enum { FUNCTION = 1, TEXT = 2, CONSTANTS = 4, DATA = 8 };

static relink_arena *pieces_place(relink_closure *closure, unsigned what)
{
	relink_arena *code = arena_new(closure, RELINK_CODE, HUGE, 0),
		     *constants = arena_new(closure, RELINK_READ_ONLY, 4096, 0);
	relink_arena *data = arena_new(closure, RELINK_WRITABLE, 4096, 0);
	relink_error error;
	if (what & FUNCTION) {
		CHECK(relink_place_function(closure, 0, "hot", code, RELINK_NEXT, &error) == RELINK_OK);
		CHECK(relink_place_function(closure, 0, "hidden_function", code, RELINK_NEXT, &error) == RELINK_OK);
		CHECK(relink_place_function(closure, 0, "choose", code, RELINK_NEXT, &error) == RELINK_OK);
		CHECK(relink_place_function(closure, 1, "other_function", code, RELINK_NEXT, &error) == RELINK_OK);
	}
	if (what & TEXT) {
		section_place(closure, 0, ".text", code);
		section_place(closure, 1, ".text", code);
	}
	if (what & CONSTANTS)
		section_place(closure, 0, ".rodata", constants);
	if (what & DATA) {
		section_place(closure, 0, ".data", data);
		section_place(closure, 0, ".bss", data);
		section_place(closure, 1, ".data", data);
	}
	return code;
}

static void module_compare(relink_module *module, const char *path, const relink_arena_info *code, int is_moved)
{
	typedef int function(int);
	void *system = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	NEED(system != NULL);
	CHECK(check_call(module, "was_started") == ((int (*)(void))dlsym(system, "was_started"))());
	CHECK(check_call(module, "sum") == ((int (*)(void))dlsym(system, "sum"))());
	function *hot = RELINK_GET(module, function *, "hot"), *theirs = (function *)dlsym(system, "hot");
	function *hot_address = ((function * (*)(void)) relink_get(module, "hot_address"))();
	CHECK(hot == hot_address && RELINK_GET(module, function *, "is_hot") != NULL);
	CHECK(RELINK_GET(module, int (*)(function *), "is_hot")(hot));
	CHECK(is_inside(code, (void *)hot) == is_moved);
	for (int i = 0; i < 100; i++)
		CHECK(hot(i) == theirs(i));
	relink_module *found = relink_module_at((void *)hot);
	CHECK(found == module);
	relink_unref(found);
	relink_symbol symbol;
	CHECK(relink_symbol_at(module, (char *)hot + 1, &symbol) && strcmp(symbol.name, "hot") == 0);
	int ours = 0, others = 0;
	*(int **)relink_get(module, "finish_place") = &ours;
	*(int **)dlsym(system, "finish_place") = &others;
	relink_unref(module);
	dlclose(system);
	CHECK(ours == others && ours != 0);
}

/* No memory that can be written and run. */
static int maps_are_sane(void)
{
	char line[512];
	int sane = 1;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, maps) != NULL)
		sane &= strstr(line, " rwxp ") == NULL;
	fclose(maps);
	return sane;
}

static void one_kind(const char *path, unsigned what)
{
	relink_context *context = context_new();
	relink_module *module = NULL;
	relink_closure *closure = closure_new(context, path);
	relink_arena *arena = pieces_place(closure, what);
	if (load(closure, &module) != RELINK_OK) {
		fprintf(stderr, "%s: kind %u\n", path, what);
		check_failures++;
		relink_closure_free(closure);
		relink_context_free(context);
		return;
	}
	relink_arena_info code;
	relink_arena_get_info(arena, &code);
	CHECK((uintptr_t)code.address % HUGE == 0 && code.size % HUGE == 0
	      && (code.address != NULL) == (code.used != 0));
	CHECK(maps_are_sane());
	int before = check_failures;
	relink_closure_free(closure);
	module_compare(module, path, &code, (what & (FUNCTION | TEXT)) != 0);
	if (check_failures != before)
		fprintf(stderr, "%s: kind %u\n", path, what);
	relink_context_free(context);
}

static void kinds_try(const char *compiler, const char *flags, const char *link)
{
	static int number;
	static const unsigned kinds[] = {0,
					 FUNCTION,
					 TEXT,
					 CONSTANTS,
					 DATA,
					 FUNCTION | CONSTANTS,
					 TEXT | CONSTANTS | DATA,
					 FUNCTION | CONSTANTS | DATA};
	char all[512], name[64], path[80];
	snprintf(name, sizeof name, "libother%d.so", ++number);
	snprintf(all, sizeof all, "-shared -fPIC -ffunction-sections %s %s -Wl,--emit-relocs -Wl,-soname,%s", flags,
		 link, name);
	check_build(compiler, "c", name, other, all);
	snprintf(name, sizeof name, "libmoved%d.so", number);
	snprintf(
		all, sizeof all,
		"-shared -fPIC -ffunction-sections %s %s -Wl,--emit-relocs -Wl,-soname,%s -L. -lother%d -Wl,-rpath,'$ORIGIN'",
		flags, link, name, number);
	check_build(compiler, "c", name, source, all);
	snprintf(path, sizeof path, "./%s", name);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		int before = check_failures;
		one_kind(path, kinds[i]);
		if (before != check_failures)
			fprintf(stderr, "(%s %s %s)\n", compiler, flags, link);
	}
}

/* Exceptions thrown in one moved function, through frames of others, with clean-ups, caught in a third; in both libraries. */
static const char throws[] =
	"#include <stdexcept>\n#include <string>\n"
	"extern \"C\" int far_throw(int); struct Guard { int *place; ~Guard() { *place += 100; } };"
	"extern \"C\" __attribute__((noinline)) int thrower(int x) { if (x & 1) throw std::runtime_error(\"odd \" + std::to_string(x)); if (x & 2) throw x; return x; }"
	"extern \"C\" __attribute__((noinline)) int middle(int x, int *seen) { Guard guard{seen}; return thrower(x) + (x > 100 ? far_throw(x) : 0) + 1; }"
	"extern \"C\" __attribute__((noinline)) int catcher(int x) { int seen = 0; try { return middle(x, &seen) + seen; }"
	" catch (const std::exception &e) { return seen * 10 + (int)std::string(e.what()).size(); } catch (int n) { return seen * 10 - n; } }";
static const char far_throws[] =
	"#include <stdexcept>\nextern \"C\" __attribute__((noinline)) int far_throw(int x) { throw std::out_of_range(\"far\"); }";

static void exceptions_try(const char *compiler, const char *flags, int whole)
{
	static const char *const names[] = {"catcher", "middle", "thrower"};
	static int number; /* C++ libraries stay when they are closed */
	char all[512], name[64], path[80];
	snprintf(name, sizeof name, "libfar%d.so", ++number);
	snprintf(all, sizeof all, "-shared -fPIC -ffunction-sections %s -Wl,--emit-relocs -Wl,-soname,%s", flags, name);
	check_build(compiler, "cpp", name, far_throws, all);
	snprintf(path, sizeof path, "./libthrows%d.so", number);
	snprintf(
		all, sizeof all,
		"-shared -fPIC -ffunction-sections %s -Wl,--emit-relocs -Wl,-soname,%s -L. -lfar%d -Wl,-rpath,'$ORIGIN'",
		flags, path + 2, number);
	check_build(compiler, "cpp", path + 2, throws, all);
	relink_context *context = context_new();
	relink_search_system(context);
	relink_closure *closure = closure_new(context, path);
	relink_arena *code = arena_new(closure, RELINK_CODE, HUGE, 0);
	relink_arena *constants = arena_new(closure, RELINK_READ_ONLY, 4096, 0);
	relink_module *module = NULL;
	size_t far = relink_closure_find(closure, name);
	NEED(far != RELINK_LOADED);
	if (whole) {
		section_place(closure, 0, ".text", code);
		section_place(closure, far, ".text", code);
		section_place(closure, 0, ".gcc_except_table", constants);
		section_place(closure, 0, ".rodata", constants);
	}
	for (size_t i = 0; i < 3 && !whole; i++)
		CHECK(relink_place_function(closure, 0, names[i], code, (2 - i) * 8192, NULL) == RELINK_OK);
	if (!whole)
		CHECK(relink_place_function(closure, far, "far_throw", code, 4096, NULL) == RELINK_OK);
	NEED(load(closure, &module) == RELINK_OK);
	int (*catcher)(int) = RELINK_GET(module, int (*)(int), "catcher");
	relink_arena_info info;
	relink_arena_get_info(code, &info);
	CHECK(is_inside(&info, (void *)catcher) && is_inside(&info, relink_find(module, "far_throw")));
	void *system = dlopen(path, RTLD_NOW);
	NEED(system != NULL);
	int (*theirs)(int) = (int (*)(int))dlsym(system, "catcher");
	for (int i = 0; i < 12; i++)
		CHECK(catcher(i * 25) == theirs(i * 25) && catcher(i) == theirs(i));
	dlclose(system);
	relink_closure_free(closure);
	relink_unref(module);
	relink_context_free(context);
}

/* Models of thread-local variables, code models, packed relocations, programs. */
static void variants_try(void)
{
	static const char *const flags[] = {"-O2 -mtls-dialect=gnu2",
					    "-O2 -Wl,-z,pack-relative-relocs",
					    "-O1 -mcmodel=large -DLARGE",
					    "-O2 -mcmodel=medium",
					    "-O2 -fcf-protection=full -Wl,-z,ibtplt",
					    "-Os -fno-jump-tables",
					    "-O2 -fno-asynchronous-unwind-tables",
					    "-O2 -Wl,--no-relax",
					    "-O3 -flto",
					    "-O2 -Wl,-z,noseparate-code"};
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		kinds_try("gcc", flags[i], "-fuse-ld=bfd");
	kinds_try("clang", "-O2 -Wl,--icf=all", "-fuse-ld=lld");
}

/* A program: the link editor has replaced the ways to reach thread-local variables by shorter ones.  Its own have a place
 * that is nobody's here, so their addresses are only compared; those of the library are read. */
static const char program_source[] =
	"__thread int own = 5; static __thread int hidden = 6; extern __thread int other_thread; int other_function(int), exported = 3;"
	"int distance(int x) { char *self = __builtin_thread_pointer();"
	" return (int)(((char *)&own - self) * 1000 + ((char *)&hidden - self)) + other_function(x) * other_thread + exported++; }"
	"int main(void) { return distance(1); }";

static int program_load(unsigned what)
{
	relink_context *context = context_new();
	relink_module *module = NULL;
	relink_closure *closure = closure_new(context, "./program");
	relink_arena *code = arena_new(closure, RELINK_CODE, HUGE, 0);
	if (what == FUNCTION)
		CHECK(relink_place_function(closure, 0, "distance", code, RELINK_NEXT, NULL) == RELINK_OK);
	if (what == TEXT)
		section_place(closure, 0, ".text", code);
	NEED(load(closure, &module) == RELINK_OK);
	relink_closure_free(closure);
	int result = RELINK_GET(module, int (*)(int), "distance")(3);
	relink_unref(module);
	relink_context_free(context);
	return result;
}

static void program_try(const char *link)
{
	char all[512];
	check_library("libother.so", other, "-ffunction-sections");
	snprintf(all, sizeof all,
		 "-pie -fPIC -ffunction-sections -O2 -Wl,--emit-relocs -Wl,-E %s -L. -lother -Wl,-rpath,'$ORIGIN'",
		 link);
	check_build("gcc", "c", "program", program_source, all);
	int plain = program_load(0);
	CHECK(plain == program_load(FUNCTION) && plain == program_load(TEXT));
}

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

	check_library("libfixed.so", source,
		      "-ffunction-sections -Wl,--emit-relocs -Wl,--unresolved-symbols=ignore-all");
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
	static const char *const compilers[] = {"gcc", "clang"}, *const links[] = {"-fuse-ld=bfd", "-fuse-ld=lld"};
	static const char *const flags[] = {"-O0", "-O2", "-O2 -fno-plt", "-O2 -Wl,-z,now", "-O2 -Wl,-Bsymbolic"};
	for (int compiler = 0; compiler < 2; compiler++)
		for (int link = 0; link < 2; link++)
			for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
				kinds_try(compilers[compiler], flags[i], links[link]);
	variants_try();
	for (int whole = 0; whole < 2; whole++) {
#if CHECK_SANITIZED && defined __clang__
		break; /* clang's runtime is part of the program, and ends it when a libstdc++ that came later throws */
#endif
		exceptions_try("g++", "-O2", whole);
		exceptions_try("g++", "-O0", whole);
		exceptions_try("clang++", "-O2 -fuse-ld=lld", whole);
	}
	program_try(links[0]);
	program_try(links[1]);
	refusals_try();
	failures_undo();
	pages_try();
	lives_try();
	return check_end();
}
