/* Gaps that have no test elsewhere (docs/library.md tells where the others are): U7, U20, U22. */
#include "check.h"

static relink_context *context;

/* U7: a lazily bound call to a function of the library's own. */
static void own_call_test(void)
{
	check_library("libown.so", "int f(int x) { return x + 1; } int answer(void) { return f(4) + f(5); }", "-O0 -Wl,-z,lazy");
	relink_module *module = check_load(context, "./libown.so", RELINK_LAZY);
	relink_info info;
	relink_get_info(module, &info);
	CHECK(info.is_lazy && check_call(module, "answer") == 11 && check_call(module, "answer") == 11);
	relink_unref(module);
}

/* U20: a static PIE is a program. */
static void static_pie_test(void)
{
	relink_error error;
	check_build("cc", "c", "static-pie", "void _start(void) { for (;;); }", "-static-pie -fPIE -nostdlib -nostartfiles");
	relink_input input = relink_path("./static-pie");
	CHECK(check_refused(context, &input, RELINK_ONLY_LIBRARY, &error) == RELINK_E_KIND);
	relink_module *module = check_load(context, "./static-pie", RELINK_ONLY_EXECUTABLE | RELINK_DEFER_INIT);
	relink_info info;
	relink_get_info(module, &info);
	CHECK(info.kind == RELINK_EXECUTABLE);
	relink_unref(module);
}

/* Whether the kernel lets the page of ADDRESS be written. */
static int is_writable(const void *address)
{
	char line[512], permissions[8] = "";
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	int result = -1;
	while (fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &start, &end, permissions) == 3 && (unsigned long)address >= start
		    && (unsigned long)address < end)
			result = permissions[1] == 'w';
	fclose(maps);
	return result;
}

/* U22: relocated constants are read-only, with lazy binding, too. */
static void relro_test(void)
{
	check_library("librelro.so", "#include <stdlib.h>\nint x; int *const constants[600] = {&x}; int *variable = &x;"
				     "int answer(void) { return abs(-3); }", "-Wl,-z,relro,-z,lazy");
	for (unsigned flags = 0; flags <= RELINK_LAZY; flags++) {
		relink_module *module = check_load(context, "./librelro.so", flags);
		int *const *constants = relink_get(module, "constants");
		CHECK(is_writable(&constants[0]) == 0 && is_writable(relink_get(module, "variable")) == 1);
		CHECK(constants[0] == relink_get(module, "x") && check_call(module, "answer") == 3);
		relink_unref(module);
	}
}

int main(void)
{
	check_begin();
	context = check_context(0);
	own_call_test();
	static_pie_test();
	relro_test();
	relink_context_free(context);
	return check_end();
}
