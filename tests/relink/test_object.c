/* Relocatable files as gcc makes them: with and without PIC, at -O0 and -O2, calling libraries and each other. */
#include <pthread.h>

#include "check.h"

static relink_context *context;

static relink_module *object_load(const char *name, const char *source, const char *flags, relink_module *scope)
{
	char path[128], all[512];
	snprintf(all, sizeof all, "-c %s", flags);
	check_build("cc", "c", name, source, all);
	snprintf(path, sizeof path, "./%s", name);
	relink_options options = {.flags = RELINK_ONLY_OBJECT, .scope = &scope, .scope_count = scope != NULL};
	return check_load_with(context, path, &options);
}

static const char source[] =
	"#include <stdio.h>\n#include <string.h>\n#include <stdlib.h>\n"
	"int counter = 5; static int hidden = 7; int table[3] = {1, 2, 3}; int *pointer = &table[1]; int common_one; static char zero[9000];"
	"static int helper(int x) { return x + hidden; } int (*function)(int) = helper;"
	"extern int absent(void) __attribute__((weak));"
	"static int started; __attribute__((constructor(101))) static void first(void) { started = 1; }"
	"__attribute__((constructor)) static void second(void) { started = started == 1 ? 2 : 9; }"
	"int compare(const void *a, const void *b) { return *(int *)a - *(int *)b; }"
	"int answer(void) { char text[32]; int values[3] = {3, 1, 2}; qsort(values, 3, sizeof values[0], compare);"
	"  snprintf(text, sizeof text, \"%d%d%d\", values[0], values[1], values[2]); common_one++;"
	"  switch (counter) { case 1: return 1; case 2: return 20; case 3: return 33; case 4: return 41; case 5: break; default: return 0; }"
	"  return strcmp(text, \"123\") == 0 && absent == 0 && started == 2 && zero[8999] == 0 && strlen(text) == 3"
	"    ? function(*pointer) + counter + common_one : -1; }"
	"static int chosen(void) { return 64; } static void *choose(void) { return chosen; }"
	"int picked(void) __attribute__((ifunc(\"choose\"))); int use_picked(void) { int (*volatile p)(void) = picked; return p() + picked(); }";

static void compilers_test(void)
{
	static const char *const flags[] = {"-fPIC -O0", "-fPIC -O2", "-fPIC -O2 -fcommon", "-fno-pic -O0 -fno-stack-protector",
					    "-fno-pic -O2", "-fPIE -O2", "-fPIC -O2 -Wa,-mrelax-relocations=no",
					    "-fPIC -O3 -g -ffunction-sections -fdata-sections", "-mcmodel=large -fPIC -O1",
					    "-fPIC -O2 -fno-plt"};
	relink_module *libc = NULL;
	relink_error error;
	NEED(relink_open(context, "libc.so.6", NULL, &libc, &error) == RELINK_OK);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		relink_module *module = object_load("unit.o", source, flags[i], libc);
		relink_info info;
		relink_get_info(module, &info);
		CHECK(info.kind == RELINK_OBJECT && info.is_initialized && strcmp(info.name, "unit.o") == 0);
		int result = check_call(module, "answer"), picked = check_call(module, "use_picked");
		if (result != 15 || picked != 128)
			fprintf(stderr, "%s: %d %d\n", flags[i], result, picked);
		CHECK(result == 15 && picked == 128);
		CHECK(relink_get(module, "hidden") == NULL && *(int *)relink_get(module, "counter") == 5);
		relink_unref(module);
	}
	relink_unref(libc);
}

static void together_test(void)
{
	relink_module *one = object_load("one.o", "int shared = 3; int one(int x) { return x * shared; } __thread int t = 40;", "-fPIC -O2", NULL);
	relink_module *two = object_load("two.o", "int one(int); extern int shared; extern __thread int t; static __thread int own = 1;"
						  "int two(void) { own++; return one(5) + shared + t + own; }", "-fPIC -O2", one);
	CHECK(check_call(two, "two") == 60 && check_call(two, "two") == 61);
	*(int *)relink_get(one, "t") = 41;
	CHECK(check_call(two, "two") == 63);
	pthread_t thread;
	void *result;
	NEED(pthread_create(&thread, NULL, (void *(*)(void *))relink_get(two, "two"), NULL) == 0);
	pthread_join(thread, &result);
	CHECK((int)(long)result == 60);
	/* A library that calls into an object file. */
	check_library("libover.so", "int one(int); int over(void) { return one(7); }", "-Wl,--unresolved-symbols=ignore-all");
	relink_input input = relink_path("./libover.so");
	relink_options options = {.scope = &one, .scope_count = 1};
	relink_module *over = NULL;
	relink_error error;
	NEED(relink_load(context, &input, &options, &over, &error) == RELINK_OK);
	CHECK(check_call(over, "over") == 21);
	relink_unref(one);
	CHECK(check_call(over, "over") == 21 && check_call(two, "two") == 64);
	relink_unref(over);
	relink_unref(two);
}

/* Exceptions thrown and caught inside an object file, by the unwinder that the context loads with libstdc++. */
static void lifecycle_test(void)
{
	int done = 0;
	const relink_definition definition = {"done", &done, sizeof done, RELINK_DATA, NULL};
	relink_module *host = NULL;
	relink_error error;
	NEED(relink_synthetic_new(context, "host", &definition, 1, &host, &error) == RELINK_OK);
	relink_module *module = object_load("life.o", "extern int done; __attribute__((constructor)) static void a(void) { done = 1; }"
						      "__attribute__((destructor)) static void b(void) { done = 2; }", "-fPIC", host);
	CHECK(done == 1);
	relink_unref(module);
	CHECK(done == 2);
	relink_unref(host);
}

/* Every prefix, and every byte of the tables changed: an error or an object, no crash. */
static void damaged_test(void)
{
	static char bytes[1 << 16];
	relink_error error;
	check_build("cc", "c", "small.o", "int shared; int f(void) { return shared; } int g(void) { return f(); }", "-c -fPIC -O1");
	int fd = open("small.o", O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, bytes, sizeof bytes);
	NEED(size > 0 && size < (ssize_t)sizeof bytes);
	close(fd);
	for (ssize_t cut = 0; cut < size; cut += 7) {
		char *copy = malloc((size_t)cut + 1);
		memcpy(copy, bytes, (size_t)cut);
		relink_input input = relink_bytes("cut.o", copy, (size_t)cut);
		CHECK(check_refused(context, &input, RELINK_DEFER_INIT, &error) != RELINK_OK);
		free(copy);
	}
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
	const Elf64_Shdr *symbols = (const Elf64_Shdr *)(bytes + header->e_shoff);
	while (symbols->sh_type != SHT_SYMTAB)
		symbols++;
	uint64_t state = 88172645463325252u;
	for (int i = 0; i < 3000; i++) {
		char *copy = malloc((size_t)size);
		memcpy(copy, bytes, (size_t)size);
		for (int changes = 0; changes < 1 + i % 3; changes++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			copy[(state >> 33) % (size_t)size] = (char)(state >> 24);
		}
		/* No code of a mutated file is run. */
		for (size_t at = 0; at < symbols->sh_size; at += sizeof(Elf64_Sym)) {
			Elf64_Sym *symbol = (Elf64_Sym *)(copy + symbols->sh_offset + at);
			if (ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC)
				symbol->st_info ^= 8;
		}
		relink_input input = relink_bytes("mutated.o", copy, (size_t)size);
		(void)check_refused(context, &input, RELINK_DEFER_INIT, &error);
		free(copy);
	}
}

int main(void)
{
	check_begin();
	context = check_context(0);
	compilers_test();
	together_test();
	lifecycle_test();
	damaged_test();
	relink_context_free(context);
	return check_end();
}
