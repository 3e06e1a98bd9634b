/* Scan-first linking, first half: a closure holds what ldd and readelf name, in breadth-first order, and maps nothing; bytes
 * that are changed in it are what the module has; a load that fails leaves everything as before. */
#include "closure.h"

static const relink_scan_info *info_of(const relink_closure *closure, size_t module)
{
	return relink_scan_get_info(relink_closure_scan(closure, module));
}

static void libraries_build(void)
{
	check_library(
		"libbase.so",
		"int atoi(const char *); int base_value = 1; const char greeting[] = \"original greeting\"; int base(void) { return base_value + atoi(\"0\"); }"
		"const char *greet(void) { return greeting; }",
		"");
	check_library("libleft.so", "int base(void); int left(void) { return base() + 10; }", "-lbase");
	check_library("libright.so", "int base(void); int right(void) { return base() + 20; }", "-lbase");
	check_library("libroot.so",
		      "int left(void), right(void); extern int base_value; int root(void) { return left() * right(); }"
		      "int started; __attribute__((constructor)) static void start(void) { started = base_value + 1; }"
		      "int was_started(void) { return started; }",
		      "-Wl,--no-as-needed -lright -lleft -lbase -Wl,-rpath,'$ORIGIN'");
	check_library("liblost.so", "int lost(void) { return 1; }", "");
	check_library(
		"libbroken.so",
		"int lost(void), base(void); int nobody(void); int broken(void) { return lost() + base() + nobody(); }",
		"-Wl,--no-as-needed -llost -lbase -Wl,-rpath,'$ORIGIN' -Wl,--unresolved-symbols=ignore-all -Wl,-z,now");
}

/* Breadth first: the order in which ldd lists what is not the process's. */
static void order_compare(void)
{
	char line[512], name[64], seen[16][64];
	size_t count = 0;
	relink_context *context = check_context(0);
	relink_search_runpath(context);
	relink_closure *closure = closure_new(context, "./libroot.so");
	check_run("LD_LIBRARY_PATH=. env -u ASAN_OPTIONS ldd ./libroot.so >order");
	FILE *file = fopen("order", "r");
	while (fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, " %63s", name) == 1 && strncmp(name, "libc.", 5) != 0 && strstr(name, "vdso") == NULL
		    && name[0] != '/')
			snprintf(seen[count++], 64, "%s", name);
	fclose(file);
	CHECK(count == 3 && relink_closure_count(closure) == 4);
	for (size_t i = 0; i < count; i++)
		CHECK(strcmp(info_of(closure, i + 1)->soname, seen[i]) == 0);
	size_t base = relink_closure_find(closure, "libbase.so"), left = relink_closure_find(closure, "libleft.so");
	CHECK(relink_closure_needed(closure, 0, 1) == left && relink_closure_needed(closure, left, 0) == base);
	CHECK(info_of(closure, base)->needed_count == 1 && relink_closure_needed(closure, base, 0) == RELINK_LOADED);
	CHECK(relink_closure_needed(closure, 0, 99) == RELINK_LOADED
	      && relink_closure_needed(closure, 9, 0) == RELINK_LOADED);
	CHECK(relink_closure_find(closure, "libnothing.so") == RELINK_LOADED
	      && relink_closure_scan(closure, 4) == NULL);
	CHECK(!check_is_mapped("libbase.so") && !check_is_mapped("libroot.so"));
	relink_closure_free(closure);
	relink_context_free(context);
}

/* What is changed is what is loaded; the rest is mapped from its file; results are those of the system's dlopen. */
static void data_patch(void)
{
	relink_context *context = check_context(0);
	relink_module *module = NULL, *again, *second = NULL;
	relink_error error;
	void *bytes;
	size_t size;
	relink_search_runpath(context);
	relink_closure *closure = closure_new(context, "./libroot.so");
	size_t base = relink_closure_find(closure, "libbase.so");
	NEED(relink_closure_section(closure, base, section_named(closure, base, ".rodata"), &bytes, &size, &error)
	     == RELINK_OK);
	char *text = memmem(bytes, size, "original", 8);
	NEED(text != NULL);
	memcpy(text, "modified", 8);
	NEED(relink_closure_section(closure, base, section_named(closure, base, ".data"), &bytes, &size, &error)
	     == RELINK_OK);
	int *value = memmem(bytes, size, &(int){1}, sizeof(int));
	NEED(value != NULL);
	*value = 2;
	CHECK(relink_closure_section(closure, base, section_named(closure, base, ".bss"), &bytes, &size, &error)
	      == RELINK_E_ARGUMENT);
	CHECK(relink_closure_section(closure, base, 1000, &bytes, &size, &error) == RELINK_E_ARGUMENT);
	NEED(relink_closure_load(closure, NULL, &module, &error) == RELINK_OK);
	CHECK(relink_closure_load(closure, NULL, &second, &error) == RELINK_E_ARGUMENT);
	relink_closure_free(closure);
	CHECK(check_is_mapped("libroot.so") && check_is_mapped("libleft.so") && !check_is_mapped("libbase.so"));
	CHECK(check_call(module, "root") == 12 * 22 && check_call(module, "was_started") == 3);
	const char *(*greet)(void) = (const char *(*)(void))relink_find(module, "greet");
	CHECK(greet != NULL && strcmp(greet(), "modified greeting") == 0);
	/* It counts as the file that it was made of. */
	again = check_load(context, "./libbase.so", 0);
	CHECK(relink_get(again, "greet") == (void *)greet);
	relink_unref(again);
	relink_unref(module);
	module = check_load(context, "./libbase.so", 0);
	CHECK(check_call(module, "base") == 1);
	/* A closure is about what is not there yet. */
	relink_input input = relink_path("libbase.so");
	CHECK(relink_closure_new(context, &input, &closure, &error) == RELINK_E_LINK_EXISTS);
	closure = closure_new(context, "./libroot.so");
	CHECK(relink_closure_count(closure) == 3 && relink_closure_find(closure, "libbase.so") == RELINK_LOADED);
	relink_module *early = check_load(context, "./libleft.so", 0);
	CHECK(relink_closure_load(closure, NULL, &second, &error) == RELINK_E_LINK_EXISTS && second == NULL);
	relink_unref(early);
	CHECK(relink_closure_load(closure, NULL, &second, &error) == RELINK_OK
	      && check_call(second, "root") == 11 * 21);
	relink_closure_free(closure);
	relink_unref(second);
	relink_unref(module);
	relink_context_free(context);
	void *system = dlopen("./libroot.so", RTLD_NOW);
	NEED(system != NULL);
	CHECK(((int (*)(void))dlsym(system, "root"))() == 11 * 21);
	dlclose(system);
}

/* Resolvers answer for the closure; inputs without a name in the file system; two of one name. */
static struct {
	char bytes[2][65536];
	size_t sizes[2];
} memory;

static int memory_resolve(void *user, const relink_request *request, relink_answer *answer)
{
	int which = strcmp(request->name, "libleft.so") == 0 ? 0 : strcmp(request->name, "libright.so") == 0 ? 1 : -1;
	(*(int *)user)++;
	if (which >= 0)
		answer->input = relink_bytes("memory", memory.bytes[which], memory.sizes[which]);
	return which >= 0;
}

static void resolvers_use(void)
{
	int asked = 0;
	relink_context *context = check_context(0);
	relink_module *module = NULL;
	relink_error error;
	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(i == 0 ? "libleft.so" : "libright.so", "r");
		memory.sizes[i] = fread(memory.bytes[i], 1, sizeof memory.bytes[i], file);
		fclose(file);
	}
	NEED(relink_resolve_with(context, memory_resolve, &asked) == RELINK_OK);
	relink_search_runpath(context);
	relink_closure *closure = closure_new(context, "./libroot.so");
	int asked_before = asked;
	CHECK(relink_closure_count(closure) == 4 && asked >= 3);
	NEED(relink_closure_load(closure, NULL, &module, &error) == RELINK_OK);
	CHECK(check_call(module, "root") == 11 * 21 && !check_is_mapped("libleft.so")
	      && !check_is_mapped("libright.so"));
	CHECK(asked - asked_before <= 4); /* for what the process has, once more */
	relink_closure_free(closure);
	relink_unref(module);
	relink_context_free(context);
}

static void failures_undo(void)
{
	static struct maps before, after;
	relink_context *context = check_context(0);
	relink_module *module = NULL;
	relink_closure *closure = NULL;
	relink_error error;
	void *bytes;
	size_t size;
	relink_search_runpath(context);
	CHECK(relink_closure_new(context, NULL, &closure, &error) == RELINK_E_ARGUMENT);
	relink_input missing = relink_path("./libnot-there.so");
	CHECK(relink_closure_new(context, &missing, &closure, &error) == RELINK_E_IO_OPEN);
	maps_take_files(&before);
	/* A program that gives up. */
	closure = closure_new(context, "./libroot.so");
	NEED(relink_closure_section(closure, 0, section_named(closure, 0, ".text"), &bytes, &size, &error)
	     == RELINK_OK);
	relink_closure_free(closure);
	maps_take_files(&after);
	CHECK(maps_equal(&before, &after));
	/* A symbol that nobody has. */
	closure = closure_new(context, "./libbroken.so");
	NEED(relink_closure_section(closure, 1, section_named(closure, 1, ".text"), &bytes, &size, &error)
	     == RELINK_OK);
	CHECK(relink_closure_load(closure, NULL, &module, &error) == RELINK_E_REL_SYMBOL && module == NULL);
	CHECK(strcmp(error.symbol, "nobody") == 0);
	maps_take_files(&after);
	CHECK(maps_equal(&before, &after));
	relink_closure_free(closure);
	/* A library that is not there. */
	check_run("mv liblost.so gone.so");
	relink_input broken = relink_path("./libbroken.so");
	closure = NULL;
	CHECK(relink_closure_new(context, &broken, &closure, &error) == RELINK_E_LINK_DEPENDENCY && closure == NULL);
	CHECK(strcmp(error.file, "liblost.so") == 0 && strstr(error.requester, "libbroken.so") != NULL);
	maps_take_files(&after);
	CHECK(maps_equal(&before, &after));
	check_run("mv gone.so liblost.so");
	relink_module *whole = check_load(context, "./libroot.so", 0);
	CHECK(check_call(whole, "root") == 11 * 21);
	relink_unref(whole);
	relink_context_free(context);
}

int main(void)
{
	check_begin();
	libraries_build();
	order_compare();
	data_patch();
	resolvers_use();
	failures_undo();
	return check_end();
}
