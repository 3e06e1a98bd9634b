/* Relocatable files and archives linked together: circles, archives of all forms, COMDAT, COMMON, hidden symbols, what
 * link editors define, damaged archives. */
#include <string.h>

#include "check.h"

static relink_context *context;
static relink_module *libc;

static void object_build(const char *name, const char *source, const char *flags)
{
	char all[256];
	snprintf(all, sizeof all, "-c -O1 %s", flags);
	check_build("cc", "c", name, source, all);
}

/* NAMES: files with spaces between. */
static relink_status group_try(const char *names, unsigned flags, relink_module **out_module, relink_error *error)
{
	char copy[512], *rest = copy;
	relink_input inputs[16];
	size_t count = 0;
	snprintf(copy, sizeof copy, "%s", names);
	for (char *name; (name = strsep(&rest, " ")) != NULL;)
		inputs[count++] = relink_path(name);
	relink_options options = {.flags = flags, .scope = &libc, .scope_count = 1};
	return relink_link(context, "group", inputs, count, &options, out_module, error);
}

static relink_module *group_load(const char *names, unsigned flags)
{
	relink_module *module = NULL;
	relink_error error;
	check_ok(group_try(names, flags, &module, &error), names, &error);
	return module;
}

static void circle_test(const char *flags)
{
	object_build("ring-a.o", "int b(int); int c(void); int common[4]; __attribute__((visibility(\"hidden\"))) int secret = 3;"
				 "int a(int n) { return n == 0 ? 100 : b(n - 1) + 1; } int answer(void) { common[3]++; return a(5) + c(); }", flags);
	object_build("ring-b.o", "\n#ifdef ONCE\nextern\n#endif\nint common[9] __attribute__((aligned(64))); int a(int); extern int secret __attribute__((visibility(\"hidden\")));"
				 "int b(int n) { return n == 0 ? 200 : a(n - 1) + secret; }"
				 "__attribute__((weak)) int c(void) { return -1; }", flags);
	object_build("ring-c.o", "extern int common[4]; extern int absent __attribute__((weak)); int c(void) { return common[3] * 1000 + (&absent == 0); }", flags);
	relink_module *module = group_load("ring-a.o ring-b.o ring-c.o", 0);
	relink_symbol symbol;
	CHECK(check_call(module, "answer") == 1000 + 1 + 200 + 3 * 1 + 2 * 3);
	CHECK(relink_get(module, "secret") == NULL);
	if (strstr(flags, "-fcommon") != NULL) {
		NEED(relink_symbol_find(module, "common", &symbol) == RELINK_OK);
		CHECK(symbol.size == 9 * sizeof(int) && (uintptr_t)symbol.address % 64 == 0);
	}
	relink_unref(module);
}

/* The index of FROM with 64-bit offsets, as archives of more than 4 GiB have it; nm says whether it is right. */
static void wide_index_make(const char *from, const char *to)
{
	FILE *script = fopen("widen.py", "w");
	NEED(script != NULL);
	fputs("import struct, sys\n"
	      "data = open(sys.argv[1], 'rb').read()\n"
	      "assert data[:8] == b'!<arch>\\n' and data[8:24].rstrip() == b'/'\n"
	      "size = int(data[56:66])\n"
	      "index, rest = data[68:68 + size], data[68 + size + size % 2:]\n"
	      "count = struct.unpack('>I', index[:4])[0]\n"
	      "offsets = struct.unpack('>%dI' % count, index[4:4 + 4 * count])\n"
	      "names = index[4 + 4 * count:]\n"
	      "size = 8 + 8 * count + len(names)\n"
	      "names += bytes(-size % 8)\n"
	      "size = 8 + 8 * count + len(names)\n"
	      "grown = 68 + size - (len(data) - len(rest))\n"
	      "wide = struct.pack('>Q', count) + b''.join(struct.pack('>Q', offset + grown) for offset in offsets) + names\n"
	      "head = b'%-16s%-12d%-6d%-6d%-8o%-10d`\\n' % (b'/SYM64/', 0, 0, 0, 0, size)\n"
	      "open(sys.argv[2], 'wb').write(data[:8] + head + wide + rest)\n", script);
	fclose(script);
	check_command("python3 widen.py %s %s && nm -s %s > narrow && nm -s %s > wide && cmp narrow wide", from, to, from, to);
}

static void archives_test(void)
{
	object_build("main.o", "int first(void); int answer(void) { return first(); }", "-fPIC");
	object_build("a_member_with_a_name_that_is_long.o", "int second(void); int first(void) { return second() + 1; }", "-fPIC");
	object_build("second.o", "int third(void); int second(void) { return third() + 10; }", "-fPIC");
	object_build("third.o", "int third(void) { return 100; }", "-fPIC");
	object_build("unwanted.o", "int unwanted(void) { return nobody_has_this(); } int nobody_has_this(void);", "-fPIC -Wno-implicit-function-declaration");
	check_run("rm -f one.a two.a thin.a all.a bare.a && mkdir -p sub && cp second.o third.o sub/ &&"
		  "ar rcs one.a unwanted.o a_member_with_a_name_that_is_long.o third.o && ar rcs two.a second.o &&"
		  "ar rcsT thin.a unwanted.o a_member_with_a_name_that_is_long.o sub/second.o sub/third.o 2>/dev/null &&"
		  "ar rcs all.a main.o a_member_with_a_name_that_is_long.o second.o third.o && ar rcS bare.a third.o");
	wide_index_make("one.a", "wide-one.a");
	wide_index_make("two.a", "wide-two.a");
	const char *const sets[] = {"main.o one.a two.a", "two.a one.a main.o", "main.o thin.a", "all.a",
				    "main.o wide-one.a wide-two.a"};
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		relink_module *module = group_load(sets[i], 0);
		CHECK(check_call(module, "answer") == 111);
		CHECK(relink_get(module, "unwanted") == NULL);
		relink_unref(module);
	}
	relink_module *module = NULL;
	relink_error error;
	CHECK(group_try("main.o one.a two.a", RELINK_WHOLE_ARCHIVE, &module, &error) == RELINK_E_REL_SYMBOL
	      && strcmp(error.symbol, "nobody_has_this") == 0 && strcmp(error.file, "one.a(unwanted.o)") == 0);
	CHECK(group_try("main.o bare.a", 0, &module, &error) == RELINK_E_ARCHIVE && strcmp(error.file, "bare.a") == 0);
	CHECK(group_try("main.o", 0, &module, &error) == RELINK_E_REL_SYMBOL && strcmp(error.symbol, "first") == 0
	      && strcmp(error.file, "main.o") == 0);
	CHECK(group_try("second.o main.o a_member_with_a_name_that_is_long.o", 0, &module, &error) == RELINK_E_REL_SYMBOL
	      && strcmp(error.symbol, "third") == 0 && strcmp(error.file, "second.o") == 0);
	CHECK(group_try("main.o main.o", 0, &module, &error) == RELINK_E_LINK_TWICE && strcmp(error.symbol, "answer") == 0
	      && strcmp(error.requester, "main.o") == 0);
	check_library("libplain.so", "int x;", "");
	CHECK(group_try("main.o libplain.so", 0, &module, &error) == RELINK_E_KIND);
	CHECK(module == NULL);
	/* relink_load of an archive. */
	relink_input input = relink_path("all.a");
	NEED(relink_load(context, &input, NULL, &module, &error) == RELINK_OK);
	CHECK(check_call(module, "answer") == 111);
	relink_unref(module);
}

/* Any byte of the archive's own structures changed, any end: an error or a module. */
static void damaged_test(void)
{
	static char bytes[1 << 17];
	FILE *file = fopen("one.a", "r");
	size_t size = fread(bytes, 1, sizeof bytes, file);
	NEED(size > 200 && size < sizeof bytes);
	fclose(file);
	uint64_t state = 42;
	relink_error error;
	for (int i = 0; i < 400; i++) {
		char *copy = malloc(size);
		memcpy(copy, bytes, size);
		size_t cut = size;
		state = state * 6364136223846793005u + 1442695040888963407u;
		if (i % 4 == 0)
			cut = (state >> 33) % size;
		else
			copy[(state >> 33) % 512] = (char)(state >> 20);
		relink_module *module = NULL;
		relink_input inputs[] = {relink_path("main.o"), relink_bytes("damaged.a", copy, cut), relink_path("two.a")};
		relink_options options = {.flags = RELINK_DEFER_INIT};
		relink_status status = relink_link(context, "damaged", inputs, 3, &options, &module, &error);
		CHECK((status == RELINK_OK) == (module != NULL));
		relink_unref(module);
		free(copy);
	}
}

/* Names that link editors define, and what crtbegin.o does for libraries. */
static void editor_test(void)
{
	int log[8] = {0};
	const relink_definition definition = {"log", log, sizeof log, RELINK_DATA, NULL};
	relink_module *host = NULL;
	relink_error error;
	NEED(relink_synthetic_new(context, "log", &definition, 1, &host, &error) == RELINK_OK);
	object_build("edit-a.o", "extern int log[8]; extern void *__dso_handle __attribute__((visibility(\"hidden\"))); int __cxa_atexit(void (*)(void *), void *, void *);"
				 "static void end(void *p) { log[(long)p] = ++log[0]; }"
				 "__attribute__((constructor)) static void begin(void) { __cxa_atexit(end, (void *)1, &__dso_handle); __cxa_atexit(end, (void *)2, &__dso_handle); }"
				 "__attribute__((destructor)) static void finish(void) { log[3] = ++log[0]; }"
				 "__attribute__((section(\"mylist\"), used)) static int one = 1;", "-fPIC");
	object_build("edit-b.o", "__attribute__((section(\"mylist\"), used)) static int two[2] = {20, 300}; extern int __start_mylist[], __stop_mylist[];"
				 "int answer(void) { int sum = 0; for (int *p = __start_mylist; p < __stop_mylist; p++) sum += *p; return sum; }", "-fPIC");
	relink_module *scope[] = {host, libc}, *module = NULL;
	relink_options options = {.scope = scope, .scope_count = 2};
	relink_input inputs[] = {relink_path("edit-a.o"), relink_path("edit-b.o")};
	NEED(relink_link(context, "edit", inputs, 2, &options, &module, &error) == RELINK_OK);
	CHECK(check_call(module, "answer") == 321 && log[0] == 0);
	relink_unref(module);
	CHECK(log[0] == 3 && log[3] == 1 && log[2] == 2 && log[1] == 3);
	relink_unref(host);
}

/* Constructors in both forms, in the order in which the system's link editor and dlopen have them. */
static void constructors_test(const char *compiler, const char *flags)
{
	static const char *const sources[] = {
		"extern char notes[]; extern int used; static void note(char c) { notes[used++] = c; }"
		"__attribute__((constructor)) static void a(void) { note('a'); } __attribute__((constructor)) static void b(void) { note('b'); }"
		"__attribute__((constructor(200))) static void c(void) { note('c'); } __attribute__((constructor(150))) static void d(void) { note('d'); }"
		"__attribute__((destructor(200))) static void e(void) { note('e'); } __attribute__((destructor)) static void f(void) { note('f'); }",
		"extern char notes[]; extern int used; static void note(char c) { notes[used++] = c; }"
		"__attribute__((constructor)) static void g(void) { note('g'); } __attribute__((constructor(180))) static void h(void) { note('h'); }"
		"__attribute__((destructor)) static void i(void) { note('i'); } __attribute__((destructor(210))) static void j(void) { note('j'); }"};
	char all[256], ours[64];
	snprintf(all, sizeof all, "-c -fPIC %s", flags);
	check_build(compiler, "c", "order-1.o", sources[0], all);
	check_build(compiler, "c", "order-2.o", sources[1], all);
	check_library("libnotes.so", "char notes[64]; int used;", "");
	check_run("cc -shared -o liborder2.so order-1.o order-2.o -Wl,--no-as-needed ./libnotes.so");
	relink_module *notes = check_load(context, "./libnotes.so", 0);
	relink_module *scope[] = {notes, libc}, *module = NULL;
	relink_options options = {.scope = scope, .scope_count = 2};
	relink_input inputs[] = {relink_path("order-1.o"), relink_path("order-2.o")};
	relink_error error;
	NEED(relink_link(context, "order", inputs, 2, &options, &module, &error) == RELINK_OK);
	relink_unref(module);
	strcpy(ours, relink_get(notes, "notes"));
	relink_unref(notes);
	CHECK(check_notes(ours, "./libnotes.so", "./liborder2.so", compiler) && strlen(ours) == 10);
}

/* As many sections as need numbers beyond 16 bits. */
static void many_sections_test(void)
{
	check_run("awk 'BEGIN { for (i = 0; i < 35000; i++) printf(\".section .text.f%d,\\\"ax\\\",@progbits\\n.globl f%d\\nf%d: mov $%d, %%eax\\nret\\n\", i, i, i, i);"
		  "print \".section .data.last,\\\"aw\\\",@progbits\\n.globl last\\nlast: .quad f34999\" }' >many.s && as -o many.o many.s");
	object_build("many-user.o", "int f34999(void); extern int (*last)(void); int answer(void) { return f34999() + last(); }", "-fPIC");
	object_build("many-twin.o", "int unrelated;", "-fPIC");
	relink_module *module = group_load("many-user.o many.o many-twin.o", 0);
	CHECK(check_call(module, "answer") == 2 * 34999);
	relink_unref(module);
}

/* A filter for a library of the process: that stays the process's. */
static void filter_test(void)
{
	for (int i = 0; i < 2; i++) {
		check_library("libfilter.so", "int malloc_count; int answer(void) { return 6; }", i == 0 ? "-Wl,-F,libc.so.6" : "-Wl,-f,libc.so.6");
		relink_module *module = check_load(context, "./libfilter.so", 0);
		CHECK(check_call(module, "answer") == 6);
		relink_unref(module);
		CHECK(relink_get(libc, "malloc") != NULL);
	}
}

int main(void)
{
	relink_error error;
	check_begin();
	context = check_context(0);
	NEED(relink_open(context, "libc.so.6", NULL, &libc, &error) == RELINK_OK);
	circle_test("-fPIC -DONCE");
	circle_test("-fPIC -fcommon");
	circle_test("-fno-pic -DONCE");
	circle_test("-fno-pic -fcommon -O0");
	circle_test("-mcmodel=large -fPIC -fcommon");
	circle_test("-mcmodel=medium -fcommon");
	archives_test();
	damaged_test();
	editor_test();
	constructors_test("cc", "");
	constructors_test("clang", "");
	constructors_test("clang", "-fno-use-init-array");
	many_sections_test();
	filter_test();
	relink_unref(libc);
	relink_context_free(context);
	return check_end();
}
