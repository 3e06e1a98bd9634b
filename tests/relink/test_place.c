/* Placing sections and functions: what was moved is called, calls, refers and is referred to as before, for the code that
 * compilers and link editors make by default; exceptions pass; results are those of the system's dlopen of the same file. */
#include <link.h>
#include <sys/wait.h>

#include "closure.h"

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
	return check_end();
}
