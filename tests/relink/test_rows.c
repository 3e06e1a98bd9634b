/* Rows of docs/library.md against readelf and the system's dlopen, where no other test has the topic: kinds of files,
 * facts about modules, hooks that count, mappings, graphs of many modules, calls that are bound by several threads. */
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>

#include "check.h"

/* ---- F1, F4: what a file is ---------------------------------------------------------------------------------------- */

static void kinds_check(void)
{
	static const struct {
		const char *name, *flags;
		relink_kind kind;
	} files[] = {{"kind-so", "-shared -fPIC", RELINK_LIBRARY},	  {"kind-pie", "-fPIE -pie", RELINK_EXECUTABLE},
		     {"kind-fixed", "-no-pie", RELINK_EXECUTABLE},	  {"kind-static", "-static", RELINK_EXECUTABLE},
		     {"kind-static-pie", "-static-pie -fPIE", RELINK_EXECUTABLE}, {"kind.o", "-c", RELINK_OBJECT}};
	relink_context *context = check_context(RELINK_HOST_SYMBOLS);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		char path[64];
		relink_scan *scan = NULL;
		relink_error error;
		check_build("cc", "c", files[i].name, "int main(void) { return 0; }", files[i].flags);
		snprintf(path, sizeof path, "./%s", files[i].name);
		relink_input input = relink_path(path);
		NEED(relink_scan_new(&input, &scan, &error) == RELINK_OK);
		CHECK(relink_scan_get_info(scan)->kind == files[i].kind);
		relink_scan_free(scan);
		static const unsigned only[] = {RELINK_ONLY_LIBRARY, RELINK_ONLY_EXECUTABLE, RELINK_ONLY_OBJECT};
		for (size_t j = 0; j < 3; j++) {
			relink_status status = check_refused(context, &input, only[j] | RELINK_DEFER_INIT, &error);
			/* A static program of libc's has thread-local variables that must lie where they lie. */
			int is_own = (relink_kind)j == files[i].kind;
			CHECK(is_own ? status == RELINK_OK || (strstr(files[i].flags, "-static") && status == RELINK_E_TLS_STATIC)
				     : status == RELINK_E_KIND);
		}
	}
	relink_context_free(context);
}

static int host_number(void)
{
	return 30;
}

/* A program that is not position-independent, with a table of ours for its library. */
static void program_check(void)
{
	relink_context *context = check_context(RELINK_HOST_NONE);
	relink_definition definition = {"host_number", (const void *)host_number, 0, RELINK_FUNCTION, NULL};
	relink_module *table = NULL;
	relink_info info;
	check_library("libnumber.so", "int host_number(void) { return 1; }", "-nostdlib");
	check_build("cc", "c", "number", "int host_number(void); int twice(void) { return 2 * host_number(); } void _start(void) { for (;;); }",
		    "-nostdlib -no-pie -rdynamic -L. -lnumber -Wl,-Ttext-segment=0x6900000");
	NEED(relink_synthetic_new(context, "libnumber.so", &definition, 1, &table, NULL) == RELINK_OK);
	relink_module *program = check_load(context, "./number", RELINK_ONLY_EXECUTABLE);
	relink_get_info(program, &info);
	CHECK(check_call(program, "twice") == 60 && info.dependency_count == 1 && info.bias == 0);
	relink_unref(program);
	relink_unref(table);
	relink_context_free(context);
}

/* F12: descriptors that cannot be read from. */
static void descriptors_check(void)
{
	int ends[2], path = open("/", O_PATH | O_CLOEXEC);
	relink_context *context = check_context(0);
	relink_error error;
	NEED(pipe(ends) == 0 && path >= 0);
	relink_input input = relink_descriptor("pipe", ends[0]);
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_IO_READ && error.error_number == ESPIPE);
	input = relink_descriptor("path only", path);
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_IO_READ && error.error_number == EBADF);
	close(ends[0]);
	close(ends[1]);
	close(path);
	relink_context_free(context);
}

/* F13: file names, parents and joined paths are bytes; a name with a slash is a path. */
static void paths_check(void)
{
	static const char *const names[][2] = {{"b", "b"}, {"/b", "b"}, {"a//b", "b"}, {"a/", ""}, {"/", ""}, {"", ""},
					       {"\377/\376", "\376"}, {"a\\b", "a\\b"}};
	static const char *const folders[] = {"part", "part/", "part//", "./part", "none:part", "\377\376", "$ORIGIN/part", ""};
	static const char *const parents[] = {"part/libchild.so", "./part/libchild.so", "part//libchild.so", "\377\376/libchild.so"};
	char bytes[65536];
	relink_info info;
	relink_module *module = NULL;
	relink_error error;
	check_build("cc", "c", "nameless", "int joined(void) { return 1; }", "-shared -fPIC");
	FILE *file = fopen("nameless", "rb");
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	relink_context *context = check_context(0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		relink_input input = relink_bytes(names[i][0], bytes, size);
		NEED(relink_load(context, &input, NULL, &module, &error) == RELINK_OK);
		relink_get_info(module, &info);
		CHECK(strcmp(info.name, names[i][1]) == 0 && strcmp(info.path, names[i][0]) == 0);
		relink_unref(module);
	}
	NEED(mkdir("part", 0755) == 0 && mkdir("\377\376", 0755) == 0);
	check_library("libchild.so", "int joined(void); int child(void) { return joined() + 1; }", "-l:nameless -Wl,-rpath,'$ORIGIN'");
	check_run("cp nameless libchild.so part/; cp nameless libchild.so $(printf '\\377\\376')/; mv nameless libjoined.so; cp libjoined.so nameless");
	check_run("cp nameless part/libjoined.so; cp nameless $(printf '\\377\\376')/libjoined.so");
	CHECK(relink_open(context, "libjoined.so", NULL, &module, &error) == RELINK_E_IO_OPEN);
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		relink_context *own = check_context(0);
		NEED(relink_search_directory(own, folders[i]) == RELINK_OK);
		/* Nobody asks, so there is no $ORIGIN. */
		relink_status expected = *folders[i] == '$' ? RELINK_E_IO_OPEN : RELINK_OK;
		CHECK(relink_open(own, "libjoined.so", NULL, &module, &error) == expected);
		if (expected == RELINK_OK) {
			CHECK(check_call(module, "joined") == 1);
			relink_unref(module);
		}
		CHECK(relink_open(own, "./libjoined.so", NULL, &module, &error) == RELINK_OK);
		relink_unref(module);
		relink_context_free(own);
	}
	/* A parent: where the child is, its dependency is found. */
	check_run("rm nameless");
	for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
		module = check_load(context, parents[i], 0);
		CHECK(check_call(module, "child") == 2);
		relink_unref(module);
	}
	relink_input input = relink_path("libchild.so"); /* its parent is the working directory, which lacks it */
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_LINK_DEPENDENCY);
	relink_context_free(context);
}

/* F15: the typed macro's type is one. */
static void types_check(void)
{
	static const char good[] = "#include <relink.h>\nint (*f(relink_module *m))(int) { return RELINK_GET(m, int (*)(int), \"f\"); }";
	static const char bad[] = "#include <relink.h>\nint *f(relink_module *m) { return RELINK_GET(m, int (*)(int), \"f\"); }";
	static const char wide[] = "#include <relink.h>\nconst void *f(relink_scan *s, size_t *n) { struct { char c[]; } x;"
				   "(void)x; return RELINK_VIEW(s, 1, __typeof__(x), n, NULL); }";
	static const char *const sources[] = {good, bad, wide};
	for (int i = 0; i < 3; i++) {
		FILE *file = fopen("typed.c", "w");
		NEED(file != NULL && fputs(sources[i], file) >= 0 && fclose(file) == 0);
		check_command("cc -Werror -Wall -I %s/../../../include -c typed.c -o typed.o 2>typed.log; test $? %s 0", PROGRAM_SOURCES,
			      i == 0 ? "=" : "!=");
	}
}

/* ---- F17, F23, F26: facts and counts ------------------------------------------------------------------------------- */

static long number_of(const char *command)
{
	char text[64] = "";
	FILE *output = popen(command, "r");
	NEED(output != NULL);
	CHECK(fgets(text, sizeof text, output) != NULL);
	pclose(output);
	return strtol(text, NULL, 0);
}

struct shown {
	const char *name;
	struct dl_phdr_info info;
	int found;
};

static int show(struct dl_phdr_info *info, size_t size, void *user)
{
	struct shown *shown = user;
	(void)size;
	if (strcmp(info->dlpi_name, shown->name) == 0) {
		shown->info = *info;
		shown->found++;
	}
	return 0;
}

static void facts_check(void)
{
	relink_context *context = check_context(0);
	relink_info info;
	relink_module *libc = NULL;
	NEED(relink_open(context, "libc.so.6", NULL, &libc, NULL) == RELINK_OK);
	relink_get_info(libc, &info);
	struct shown shown = {.name = info.path};
	dl_iterate_phdr(show, &shown);
	CHECK(shown.found == 1 && info.bias == shown.info.dlpi_addr && info.program_headers == shown.info.dlpi_phdr
	      && info.program_header_count == shown.info.dlpi_phnum && info.tls_size != 0);
	relink_unref(libc);

	check_library("libfacts.so", "__thread int a[5] = {1}; __thread char b __attribute__((aligned(32))); int *f(void) { return a + b; }"
				     "int v; int g(void) { return v; }", "-Wl,-rpath,/none -Wl,--disable-new-dtags");
	relink_module *module = check_load(context, "./libfacts.so", 0);
	relink_get_info(module, &info);
	CHECK(strcmp(info.soname, "libfacts.so") == 0 && strcmp(info.rpath, "/none") == 0 && info.runpath == NULL);
#define READELF(what) "env -u ASAN_OPTIONS readelf -W" what
	CHECK((long)info.program_header_count == number_of(READELF("h libfacts.so | awk '/Number of program headers/ {print $NF}'")));
	CHECK((long)((uintptr_t)info.dynamic - info.bias) == number_of(READELF("l libfacts.so | awk '/^  DYNAMIC/ {print $3}'")));
	CHECK((long)((uintptr_t)info.eh_frame_header - info.bias) == number_of(READELF("l libfacts.so | awk '/^  GNU_EH_FRAME/ {print $3}'")));
	CHECK((long)info.tls_size == number_of(READELF("l libfacts.so | awk '/^  TLS/ {print $6}'")));
	CHECK((long)info.tls_align == number_of(READELF("l libfacts.so | awk '/^  TLS/ {print $NF}'")));
	long end = number_of(READELF("l libfacts.so | awk '/^  LOAD/ {v = $3; m = $6} END {print v}'"))
		   + number_of(READELF("l libfacts.so | awk '/^  LOAD/ {m = $6} END {print m}'"));
	CHECK((long)(info.map_end - info.map_start) == (end + 4095) / 4096 * 4096);
	relink_unref(module);
	relink_context_free(context);
}

static struct {
	long relocations, segments, loads;
} counted;

static int relocation_count(void *user, const relink_relocation *relocation)
{
	(void)user, (void)relocation;
	counted.relocations++;
	return 0;
}

static int segment_count(void *user, const relink_info *info)
{
	const Elf64_Phdr *phdrs = info->program_headers;
	FILE *file = fopen(user, "a");
	NEED(file != NULL);
	for (size_t i = 0; i < info->program_header_count; i++)
		fprintf(file, "0x%06lx 0x%016lx 0x%06lx 0x%06lx 0x%lx\n", phdrs[i].p_offset, phdrs[i].p_vaddr, phdrs[i].p_filesz,
			phdrs[i].p_memsz, phdrs[i].p_align);
	fclose(file);
	return 0;
}

static void counts_check(const char *flags)
{
	relink_context *context = check_context(0);
	relink_hooks hooks = {.accept = segment_count, .relocation = relocation_count};
	check_run("rm -f seen.txt");
	check_library("libcounts.so",
		      "#include <stdio.h>\n#include <stdlib.h>\nint a, *b = &a; static int c, *d = &c, *e[] = {&c, &c}; extern int weak __attribute__((weak));"
		      "int *f = &weak; int g(void) { puts(\"\"); return abs(*b) + *d + *e[1] + (f != 0); } void *h[] = {puts, abs, g};", flags);
	counted.relocations = 0;
	NEED(relink_set_hooks(context, &hooks, (void *)"seen.txt") == RELINK_OK);
	relink_unref(check_load(context, "./libcounts.so", 0));
	/* All of DT_RELA and DT_JMPREL but the leading RELATIVE ones. */
	long all = number_of(READELF("r libcounts.so | grep -c ' R_'"));
	long leading = number_of(READELF("d libcounts.so | awk '/RELACOUNT/ {n = $NF} END {print n + 0}'"));
	CHECK(counted.relocations == all - leading && counted.relocations > 5);
	check_command("env -u ASAN_OPTIONS readelf -Wl libcounts.so | awk '/^  [A-Z_]+ +0x/ {print $2, $3, $5, $6, $NF}' | diff - seen.txt");
	relink_context_free(context);
}

/* ---- F33, F34: mappings -------------------------------------------------------------------------------------------- */

/* "start-end permissions" of every mapping in [start, end), from start on, neighbours joined. */
static void maps_list(uintptr_t from, uintptr_t to, char *out, size_t size)
{
	char line[512], permissions[8], last[8] = "";
	unsigned long start, end, last_start = 0, last_end = 0;
	size_t used = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	NEED(maps != NULL);
	out[0] = '\0';
	while (fgets(line, sizeof line, maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, permissions) != 3 || start < from || start >= to)
			continue;
		if (start == last_end && strcmp(permissions, last) == 0) {
			last_end = end;
			continue;
		}
		if (last_end != 0)
			used += (size_t)snprintf(out + used, size - used, "%lx-%lx %s\n", last_start - from, last_end - from, last);
		last_start = start;
		last_end = end;
		strcpy(last, permissions);
	}
	fclose(maps);
	snprintf(out + used, size - used, "%lx-%lx %s\n", last_start - from, (last_end < to ? last_end : to) - from, last);
}

static void maps_check(const char *path)
{
	char ours[4096], theirs[4096];
	relink_context *context = check_context(0);
	relink_info info;
	NEED(relink_search_system(context) == RELINK_OK);
	relink_module *module = check_load(context, path, RELINK_COPY);
	relink_get_info(module, &info);
	size_t size = info.map_end - info.map_start;
	maps_list(info.map_start, info.map_end, ours, sizeof ours);
	void *handle = dlopen(path, RTLD_NOW);
	NEED(handle != NULL);
	uintptr_t base = ((struct link_map *)handle)->l_addr;
	maps_list(base, base + size, theirs, sizeof theirs);
	if (strcmp(ours, theirs) != 0)
		fprintf(stderr, "%s\nours\n%stheirs\n%s", path, ours, theirs);
	CHECK(strcmp(ours, theirs) == 0 && strlen(ours) > 40);
	dlclose(handle);
	relink_unref(module);
	relink_context_free(context);
}

/* ---- F42, F43, F45: graphs ----------------------------------------------------------------------------------------- */

enum { CHAIN = 300 };

/* Makes link number N of a chain that ends in itself: code that returns N. */
static int chain_resolve(void *user, const relink_request *request, relink_answer *answer)
{
	unsigned number;
	size_t size;
	const void *bytes;
	char name[32], next[32];
	relink_dso **made = user;
	if (sscanf(request->name, "link%u.so", &number) != 1 || number >= CHAIN)
		return 0;
	unsigned char code[] = {0xb8, (unsigned char)number, (unsigned char)(number >> 8), 0, 0, 0xc3}; /* mov $n, %eax; ret */
	snprintf(name, sizeof name, "f%u", number);
	snprintf(next, sizeof next, "link%u.so", number + 1 < CHAIN ? number + 1 : number);
	if (relink_dso_new(request->name, &made[number]) != RELINK_OK
	    || relink_dso_function(made[number], name, code, sizeof code) != RELINK_OK
	    || relink_dso_need(made[number], next) != RELINK_OK
	    || relink_dso_write(made[number], &bytes, &size) != RELINK_OK)
		return -1;
	answer->input = relink_bytes(request->name, bytes, size);
	return 1;
}

static int module_count(void *user, const relink_info *info)
{
	(void)info;
	++*(int *)user;
	return 0;
}

static void chain_check(void)
{
#ifdef __x86_64__
	static relink_dso *made[CHAIN];
	relink_context *context = check_context(RELINK_HOST_NONE);
	relink_module *module = NULL, *next;
	relink_error error;
	int count = 0;
	NEED(relink_resolve_with(context, chain_resolve, made) == RELINK_OK);
	NEED(relink_open(context, "link0.so", NULL, &module, &error) == RELINK_OK);
	relink_each_module(context, module_count, &count);
	CHECK(count == CHAIN);
	relink_module *first = relink_ref(module);
	for (int i = 0; i < CHAIN; i++) {
		char name[32];
		snprintf(name, sizeof name, "f%d", i);
		CHECK(check_call(module, name) == i && relink_find(first, name) == relink_get(module, name));
		next = relink_dependency(module, 0);
		relink_unref(module);
		module = next;
	}
	CHECK(module == NULL || relink_get(module, "f299") != NULL); /* the last needs itself */
	relink_unref(module);
	relink_unref(first);
	count = 0;
	relink_each_module(context, module_count, &count);
	CHECK(count == 0);
	relink_context_free(context);
	for (int i = 0; i < CHAIN; i++)
		relink_dso_free(made[i]);
#endif
}

/* A diamond, and one with a circle through its foot: constructors and destructors in dlopen's order. */
static void order_check(int is_circle)
{
	static const char *const needs[][2] = {{"d", "-ln"}, {"c", "-ld -ln"}, {"b", "-ld -ln"}, {"a", "-lb -lc -ln"}};
	char ours[64], source[512], name[16], flags[128];
	check_library("libn.so", "char notes[64]; void note(char c) { int i = 0; while (notes[i]) i++; notes[i] = c; }", "");
	for (int round = 0; round <= is_circle; round++)
		for (size_t i = 0; i < 4; i++) {
			snprintf(name, sizeof name, "lib%s.so", needs[i][0]);
			snprintf(source, sizeof source,
				 "void note(char); __attribute__((constructor)) static void up(void) { note('%s'); }"
				 "__attribute__((destructor)) static void down(void) { note('%c'); }",
				 needs[i][0], needs[i][0][0] - 'a' + 'A');
			snprintf(flags, sizeof flags, "-Wl,--no-as-needed %s %s -Wl,-rpath,'$ORIGIN'", needs[i][1],
				 i == 0 && round == 1 ? "-la" : "");
			check_library(name, source, flags);
		}
	relink_context *context = check_context(0);
	NEED(relink_search_runpath(context) == RELINK_OK);
	relink_module *note = check_load(context, "./libn.so", 0), *module = check_load(context, "./liba.so", 0);
	relink_unref(module);
	strcpy(ours, relink_get(note, "notes"));
	relink_unref(note);
	relink_context_free(context);
	CHECK(check_notes(ours, "./libn.so", "./liba.so", is_circle ? "circle" : "row") && strlen(ours) == 8);
}

static long maps_count(void)
{
	long lines = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	for (int c; (c = fgetc(maps)) != EOF;)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

/* The third of what is needed is missing: everything is as before. */
static void nothing_check(void)
{
	relink_context *context = check_context(0);
	relink_error error;
	int count = 0;
	check_library("libone.so", "int one;", "");
	check_library("libtwo.so", "int two;", "");
	check_library("libthree.so", "int three;", "");
	check_library("liball.so", "int all;", "-Wl,--no-as-needed -lone -ltwo -lthree");
	check_run("rm libthree.so");
	NEED(relink_search_directory(context, ".") == RELINK_OK);
	relink_input input = relink_path("./libone.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_OK); /* the library's own memory has grown by now */
	input = relink_path("./liball.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_LINK_DEPENDENCY);
	long before = maps_count();
	for (int i = 0; i < 5; i++)
		CHECK(check_refused(context, &input, 0, &error) == RELINK_E_LINK_DEPENDENCY
		      && strcmp(error.file, "libthree.so") == 0);
	relink_each_module(context, module_count, &count);
	CHECK(maps_count() == before && count == 0 && !check_is_mapped("libone.so"));
	relink_context_free(context);
}

/* ---- F36, F38, F40: lookups and first calls ------------------------------------------------------------------------- */

static int visited(void *user, const relink_symbol *symbol)
{
	(void)symbol;
	++*(int *)user;
	return 0;
}

static void empty_check(void)
{
	static const char *const styles[] = {"-Wl,--hash-style=gnu", "-Wl,--hash-style=sysv"};
	relink_context *context = check_context(0);
	for (int i = 0; i < 2; i++) {
		int count = 0;
		check_library("libempty.so", "static int nothing;", styles[i]);
		check_run("strip libempty.so");
		relink_module *module = check_load(context, "./libempty.so", RELINK_COPY);
		relink_each_symbol(module, visited, &count);
		CHECK(relink_get(module, "nothing") == NULL && relink_get(module, "puts") == NULL && count == 0);
		relink_unref(module);
	}
	relink_context_free(context);
}

static pthread_barrier_t barrier;

static void *race(void *module)
{
	int (*call)(void) = RELINK_GET((relink_module *)module, int (*)(void), "call");
	pthread_barrier_wait(&barrier);
	return (void *)(long)call();
}

static void race_check(void)
{
	pthread_t threads[8];
	relink_context *context = check_context(0);
	check_library("libraced.so", "int raced(int x) { return x + 1; }", "");
	check_library("libracer.so", "int raced(int); int call(void) { return raced(41); }", "-Wl,-z,lazy -lraced");
	NEED(relink_search_directory(context, ".") == RELINK_OK);
	for (int round = 0; round < 20; round++) {
		relink_module *module = check_load(context, "./libracer.so", RELINK_LAZY);
		pthread_barrier_init(&barrier, NULL, 8);
		for (int i = 0; i < 8; i++)
			NEED(pthread_create(&threads[i], NULL, race, module) == 0);
		for (int i = 0; i < 8; i++) {
			void *result;
			pthread_join(threads[i], &result);
			CHECK(result == (void *)42);
		}
		pthread_barrier_destroy(&barrier);
		relink_unref(module);
	}
	relink_context_free(context);
}

/* Vector registers live through a first call and through a first touch of a thread-local variable. */
static void vectors_check(void)
{
#ifdef __x86_64__
	if (!__builtin_cpu_supports("avx") || CHECK_SANITIZED) /* a sanitizer's functions use vectors everywhere */
		return;
	relink_context *context = check_context(0);
	NEED(relink_search_directory(context, ".") == RELINK_OK);
	check_library("libvector.so", "typedef double v __attribute__((vector_size(32))); v mix(v a, v b, v c, v d, v e, v f, v g, v h)"
				      "{ return a + b + c + d + e + f + g + h; }", "-mavx");
	check_library("libvectors.so",
		      "typedef double v __attribute__((vector_size(32))); v mix(v, v, v, v, v, v, v, v);\n"
		      "int lazy(void) { v a = {1, 2, 3, 4}, s = mix(a, a * 2, a * 4, a * 8, a * 16, a * 32, a * 64, a * 128);\n"
		      "return s[0] == 255 && s[1] == 510 && s[2] == 765 && s[3] == 1020; }\n"
		      "__thread double t = 0.5; int thread(void) { v a = {1, 2, 3, 4}, s = {0}; for (int i = 0; i < 9; i++) { "
		      "__asm__ volatile(\"\" : \"+x\"(a), \"+x\"(s)); s += a * t; a *= 2; } return s[3] == 1022; }",
		      "-mavx -mtls-dialect=gnu2 -Wl,-z,lazy -lvector");
	relink_module *module = check_load(context, "./libvectors.so", RELINK_LAZY);
	CHECK(check_call(module, "thread") == 1 && check_call(module, "lazy") == 1 && check_call(module, "lazy") == 1);
	relink_unref(module);
	relink_context_free(context);
#endif
}

int main(void)
{
	check_begin();
	kinds_check();
	program_check();
	descriptors_check();
	paths_check();
	types_check();
	facts_check();
	counts_check("");
	counts_check("-Wl,-z,pack-relative-relocs");
	check_library("libmaps.so", "int a[3000] = {1}, b[9000]; int *const c = a; const char d[5000] = \"d\"; int *f(void) { return b; }", "");
	maps_check("./libmaps.so");
	check_library("libaligned.so", "__attribute__((aligned(16384))) int a = 1; int b[9000]; int *f(void) { return b + a; }", "-Wl,-z,noseparate-code");
	maps_check("./libaligned.so");
	chain_check();
	order_check(0);
	order_check(1);
	nothing_check();
	empty_check();
	race_check();
	vectors_check();
	return check_end();
}
