/* Binding: scopes, versions, lazy calls, symbols, resolvers, synthetic modules, hooks, in the forms that compilers emit. */
#include "check.h"

static void fixtures_make(void)
{
	check_library("libone.so", "int who(void) { return 1; } int one(void) { return who(); }", "");
	check_library("libtwo.so", "int who(void) { return 2; } int two(void) { return who(); }", "");
	check_library("libself.so", "int who(void) { return 3; } int self(void) { return who(); }", "-Wl,-Bsymbolic");
	FILE *map = fopen("versions.map", "w");
	fputs("V1 { global: *; }; V2 { global: old; } V1;", map);
	fclose(map);
	check_library("libversions.so",
		      "#include <stdio.h>\nint old_1(void) { return 1; } int old_2(void) { return 2; } int plain(void) { return puts(__FILE__) < 0; }"
		      "__asm__(\".symver old_1,old@V1\\n.symver old_2,old@@V2\");",
		      "-Wl,--version-script=versions.map");
	check_library("libcall.so", "int host_add(int, int); extern int host_value; int call(void) { return host_add(host_value, 2); }",
		      "-Wl,--unresolved-symbols=ignore-all");
	check_library("liblazy.so", "double mix(int, ...); int calls; int lazy(void) { calls++; return (int)mix(2, 1.5, 2.5); }",
		      "-Wl,-z,lazy -Wl,--unresolved-symbols=ignore-all");
	check_library("libmix.so", "#include <stdarg.h>\ndouble mix(int count, ...) { va_list l; double sum = 0; va_start(l, count);"
				   "while (count-- > 0) sum += va_arg(l, double); va_end(l); return sum; }", "");
	check_library("libplug.so", "int dep(void); int plug(void) { return dep(); }", "-Wl,--unresolved-symbols=ignore-all");
	check_library("libdep.so", "int dep(void) { return 21; }", "");
	check_library("libuser.so", "int dep(void); int user(void) { return dep() * 2; }", "-ldep");
	check_library("libvalue.so", "int host_value = 1;", "");
	check_build("cc", "c", "copies", "extern int host_value; int main(void) { return host_value; }"
					 "int seen(void) { return host_value; }",
		    "-fPIE -pie -rdynamic -L. -lvalue");
}

static relink_module *load_in(relink_context *context, const char *path, relink_module *first, unsigned flags)
{
	relink_options options = {.flags = flags, .scope = &first, .scope_count = first != NULL};
	return check_load_with(context, path, &options);
}

static void scope_test(void)
{
	relink_context *context = check_context(0);
	relink_module *one = check_load(context, "./libone.so", 0);
	relink_module *two = load_in(context, "./libtwo.so", one, 0);
	relink_module *self = load_in(context, "./libself.so", one, 0);
	CHECK(check_call(one, "one") == 1 && check_call(two, "two") == 1); /* interposed */
	CHECK(check_call(two, "who") == 2 && check_call(self, "self") == 3);
	/* The scope keeps its modules. */
	relink_unref(one);
	CHECK(check_is_mapped("libone.so") && check_call(two, "two") == 1);
	relink_unref(self);
	relink_unref(two);
	CHECK(!check_is_mapped("libone.so"));
	/* Global modules win over later ones, unless those want themselves first. */
	one = check_load(context, "./libone.so", RELINK_GLOBAL);
	two = check_load(context, "./libtwo.so", 0);
	CHECK(check_call(two, "two") == 1);
	relink_unref(two);
	two = check_load(context, "./libtwo.so", RELINK_SELF_FIRST);
	CHECK(check_call(two, "two") == 2);
	relink_unref(two);
	relink_unref(one);
	two = check_load(context, "./libtwo.so", 0);
	CHECK(check_call(two, "two") == 2);
	relink_unref(two);
	relink_context_free(context);
}

static int symbol_count(void *user, const relink_symbol *symbol)
{
	int *counts = user;
	if (strcmp(symbol->name, "old") == 0)
		counts[strcmp(symbol->version, "V2") == 0 && symbol->is_default_version]++;
	counts[2] += strcmp(symbol->name, "plain") == 0 && strcmp(symbol->version, "V1") == 0;
	return 0;
}

static void symbols_test(void)
{
	int counts[3] = {0};
	relink_context *context = check_context(0);
	relink_module *module = check_load(context, "./libversions.so", 0);
	CHECK(check_call(module, "old") == 2);
	CHECK(((int (*)(void))relink_get_version(module, "old", "V1"))() == 1);
	CHECK(((int (*)(void))relink_get_version(module, "old", "V2"))() == 2);
	CHECK(relink_get_version(module, "old", "V3") == NULL && relink_get_version(module, "plain", "V2") == NULL);
	CHECK(relink_get_n(module, "oldest", 3) == relink_get(module, "old") && relink_get_n(module, "old", 2) == NULL);
	relink_key key = relink_key_make("plain");
	CHECK(relink_get_key(module, &key) == relink_get(module, "plain") && relink_get(module, "plai") == NULL);
	CHECK(relink_get(module, "puts") == NULL && relink_find(module, "abs") == dlsym(RTLD_DEFAULT, "abs"));
	relink_each_symbol(module, symbol_count, counts);
	CHECK(counts[0] == 1 && counts[1] == 1 && counts[2] == 1);
	relink_symbol symbol;
	CHECK(relink_symbol_find(module, "plain", &symbol) == RELINK_OK && symbol.type == STT_FUNC && symbol.size > 0);
	CHECK(relink_symbol_at(module, (char *)symbol.address + 1, &symbol) && strcmp(symbol.name, "plain") == 0);
	CHECK(relink_symbol_find(module, "none", &symbol) == RELINK_E_SYMBOL);
	/* Without versions no name has one. */
	relink_module *plain = check_load(context, "./libone.so", 0);
	CHECK(relink_get_version(plain, "one", "V1") == NULL);
	relink_unref(plain);
	relink_unref(module);
	relink_context_free(context);
}


/* The first call of a function with a varying number of doubles goes through the trampoline. */
/* Symbols that lie in each other, and begin together. */
static void places_test(void)
{
	static const struct {
		int offset;
		const char *name;
	} places[] = {{-1, NULL}, {0, "twin"}, {1, "twin"}, {2, "outer"}, {4, "inner"}, {7, "inner"}, {8, "outer"}, {15, "outer"}, {16, NULL}};
	check_library("libplaces.so",
		      "__asm__(\".data\\n.globl outer, inner, twin\\n.type outer, @object\\n.type inner, @object\\n.type twin, @object\\n\""
		      "\".quad 0\\nouter: .fill 16\\n.quad 0\\n.size outer, 16\\n\""
		      "\".set inner, outer + 4\\n.size inner, 4\\n.set twin, outer\\n.size twin, 2\");",
		      "-nostdlib");
	relink_context *context = check_context(0);
	relink_module *module = check_load(context, "./libplaces.so", 0);
	const char *outer = relink_get(module, "outer");
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		relink_symbol symbol;
		int is_found = relink_symbol_at(module, outer + places[i].offset, &symbol);
		CHECK(is_found == (places[i].name != NULL) && (!is_found || strcmp(symbol.name, places[i].name) == 0));
	}
	relink_unref(module);
	relink_context_free(context);
}

static void lazy_test(void)
{
	relink_info info;
	relink_context *context = check_context(0);
	relink_module *mix = check_load(context, "./libmix.so", RELINK_GLOBAL);
	relink_module *lazy = check_load(context, "./liblazy.so", RELINK_LAZY);
	relink_get_info(lazy, &info);
	/* The trampoline keeps vector registers only around code that is not ours, which uses none; but a sanitizer's does. */
	int first = check_call(lazy, "lazy");
	CHECK(info.is_lazy && (first == 4 || CHECK_SANITIZED) && check_call(lazy, "lazy") == 4);
	relink_module *eager = check_load(context, "./liblazy.so", RELINK_COPY);
	relink_get_info(eager, &info);
	CHECK(!info.is_lazy && check_call(eager, "lazy") == 4);
	relink_unref(mix);
	CHECK(check_call(lazy, "lazy") == 4); /* the binding keeps the library */
	relink_unref(lazy);
	relink_unref(eager);
	CHECK(!check_is_mapped("libmix.so"));
	relink_context_free(context);
}

static int host_add(int a, int b)
{
	return a + b;
}
static int host_value = 40;

static int chosen(void)
{
	return 99;
}
static void *choose(void)
{
	return (void *)chosen;
}

static void synthetic_test(void)
{
	relink_context *context = check_context(0);
	relink_error error;
	relink_module *host = NULL, *again = NULL;
	const relink_definition definitions[] = {
		{"host_add", (const void *)host_add, 0, RELINK_FUNCTION, NULL},
		{"host_value", &host_value, sizeof host_value, RELINK_DATA, NULL},
		{"old", (const void *)host_add, 0, RELINK_FUNCTION, "W2"},
		{"old", (const void *)chosen, 0, RELINK_FUNCTION, "W1"},
		{"pick", (const void *)choose, 0, RELINK_IFUNC, NULL},
	};
	NEED(relink_synthetic_new(context, "host", definitions, 5, &host, &error) == RELINK_OK);
	CHECK(relink_synthetic_new(context, "host", definitions, 4, &again, &error) == RELINK_E_LINK_EXISTS);
	CHECK(relink_get(host, "old") == (void *)host_add && relink_get_version(host, "old", "W1") == (void *)chosen);
	CHECK(relink_get(host, "pick") == (void *)chosen && relink_get(host, "nothing") == NULL);
	relink_module *call = load_in(context, "./libcall.so", host, 0);
	CHECK(check_call(call, "call") == 42);
	host_value = 50;
	CHECK(check_call(call, "call") == 52);
	relink_info info;
	relink_symbol symbol;
	CHECK(relink_symbol_at(host, (char *)&host_value + 1, &symbol) && strcmp(symbol.name, "host_value") == 0);
	relink_get_info(host, &info);
	CHECK(info.kind == RELINK_SYNTHETIC && strcmp(info.name, "host") == 0);
	relink_unref(host);
	CHECK(check_call(call, "call") == 52);
	relink_unref(call);
	CHECK(relink_synthetic_new(context, "host", NULL, 0, &host, &error) == RELINK_OK); /* the first is gone */
	relink_unref(host);
	relink_context_free(context);
}

struct trace {
	int accepts, relocations, calls, refuse, handle;
	char events[256];
	relink_context *context;
	relink_module *answer;
};

static void event_note(void *user, relink_event event, const relink_info *info)
{
	struct trace *trace = user;
	size_t used = strlen(trace->events);
	snprintf(trace->events + used, sizeof trace->events - used, "%c:%s ", "MRIFU"[event], info->name);
}

static int accept_count(void *user, const relink_info *info)
{
	struct trace *trace = user;
	CHECK(info->program_header_count > 0 && !info->is_initialized);
	trace->accepts++;
	return trace->refuse;
}

static int host_other(int a, int b)
{
	return a * b;
}

static int relocation_see(void *user, const relink_relocation *relocation)
{
	struct trace *trace = user;
	trace->relocations++;
	if (strcmp(relocation->symbol, "host_add") != 0)
		return 0;
	CHECK(relocation->type == R_X86_64_JUMP_SLOT || relocation->type == R_X86_64_GLOB_DAT);
	*(void **)relocation->place = (void *)host_other;
	return trace->handle;
}

static void *symbol_supply(void *user, const char *requester, const char *symbol, const char *version)
{
	(void)user;
	CHECK(strstr(requester, "lib") != NULL && *version == '\0');
	if (strcmp(symbol, "host_value") == 0)
		return &host_value;
	return strcmp(symbol, "host_add") == 0 ? (void *)host_add : NULL;
}

static int functions_call(void *user, const relink_info *info, int is_init, void (*const *functions)(void), size_t count)
{
	struct trace *trace = user;
	(void)info, (void)functions;
	trace->calls += (is_init ? 1 : 100) * (count != 0);
	return 1;
}

static void hooks_test(void)
{
	struct trace trace = {.handle = 1};
	relink_hooks hooks = {event_note, accept_count, relocation_see, symbol_supply, functions_call, NULL};
	relink_error error;
	relink_context *context = check_context(0);
	host_value = 40;
	NEED(relink_set_hooks(context, &hooks, &trace) == RELINK_OK);
	relink_module *call = check_load(context, "./libcall.so", 0);
	CHECK(check_call(call, "call") == 80); /* the hook filled the place */
	CHECK(trace.accepts == 1 && trace.relocations >= 2 && trace.calls == 1);
	relink_unref(call);
	CHECK(trace.calls == 101);
	CHECK(strcmp(trace.events, "M:libcall.so R:libcall.so I:libcall.so F:libcall.so U:libcall.so ") == 0);
	trace.handle = 0;
	call = check_load(context, "./libcall.so", 0);
	CHECK(check_call(call, "call") == 42); /* the missing symbols were supplied */
	relink_unref(call);
	trace.handle = -1;
	relink_input input = relink_path("./libcall.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_REFUSED && strcmp(error.symbol, "host_add") == 0);
	trace.handle = 0;
	trace.refuse = 1;
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_REFUSED && strcmp(error.file, "./libcall.so") == 0);
	CHECK(!check_is_mapped("libcall.so"));
	/* A lazy call is served by the same callback. */
	trace.refuse = 0;
	hooks = (relink_hooks){.missing = symbol_supply};
	relink_set_hooks(context, &hooks, &trace);
	check_library("liblate.so", "int host_add(int, int); int late(void) { return host_add(3, 4); }",
		      "-Wl,-z,lazy -Wl,--unresolved-symbols=ignore-all");
	relink_module *late = check_load(context, "./liblate.so", RELINK_LAZY);
	CHECK(check_call(late, "late") == 7);
	relink_unref(late);
	relink_context_free(context);
}

static int resolve(void *user, const relink_request *request, relink_answer *answer)
{
	struct trace *trace = user;
	trace->calls++;
	if (strcmp(request->name, "libdep.so") != 0)
		return 0;
	CHECK(strcmp(request->requester, "./libuser.so") == 0);
	if (trace->refuse)
		return -1;
	if (trace->answer != NULL)
		answer->module = trace->answer;
	else
		answer->input = relink_path("./libdep.so");
	return 1;
}

static int dep_host(void)
{
	return 100;
}

static void resolver_test(void)
{
	struct trace trace = {0};
	relink_error error;
	relink_context *context = check_context(0);
	NEED(relink_resolve_with(context, resolve, &trace) == RELINK_OK);
	relink_module *user = check_load(context, "./libuser.so", 0);
	CHECK(check_call(user, "user") == 42 && trace.calls >= 1);
	relink_unref(user);
	const relink_definition definition = {"dep", (const void *)dep_host, 0, RELINK_FUNCTION, NULL};
	NEED(relink_synthetic_new(context, "any", &definition, 1, &trace.answer, &error) == RELINK_OK);
	user = check_load(context, "./libuser.so", 0);
	CHECK(check_call(user, "user") == 200);
	relink_unref(user);
	relink_unref(trace.answer);
	trace.refuse = 1;
	relink_input input = relink_path("./libuser.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_REFUSED && strcmp(error.file, "libdep.so") == 0);
	/* Without dependencies the scope must have everything. */
	CHECK(check_refused(context, &input, RELINK_NO_DEPENDENCIES, &error) == RELINK_E_REL_SYMBOL);
	relink_module *dep = check_load(context, "./libdep.so", 0);
	user = load_in(context, "./libuser.so", dep, RELINK_NO_DEPENDENCIES);
	CHECK(check_call(user, "user") == 42);
	relink_unref(user);
	relink_unref(dep);
	relink_context_free(context);
}

/* Symbols of the process itself are visible only to contexts that ask for it. */
__attribute__((visibility("default"))) int dep(void)
{
	return 7;
}

static void host_symbols_test(void)
{
	relink_error error;
	relink_context *closed = check_context(0), *open = check_context(RELINK_HOST_SYMBOLS);
	relink_input input = relink_path("./libplug.so");
	CHECK(check_refused(closed, &input, 0, &error) == RELINK_E_REL_SYMBOL);
	relink_module *plug = check_load(open, "./libplug.so", 0);
	CHECK(check_call(plug, "plug") == 7);
	relink_unref(plug);
	relink_context_free(closed);
	relink_context_free(open);
}

/* What the process opens later, it opens for itself or for everybody; what is used it cannot close. */
static void late_host_test(void)
{
	relink_error error;
	check_library("liblate.so", "int late_value = 5; __thread int late_cell = 6; int late(void) { return late_value + late_cell; }\n"
				    "static int one(void) { return 1; } static void *choose(void) { return one; }\n"
				    "int late_chosen(void) __attribute__((ifunc(\"choose\")));", "");
	check_library("libwants.so", "extern int late_value; extern __thread int late_cell; int late(void); int late_chosen(void);\n"
				     "int wants(void) { return late() * 1000 + late_value * 100 + late_cell * 10 + late_chosen(); }",
		      "-Wl,--unresolved-symbols=ignore-all");
	check_library("liblazy.so", "int late(void); int wants(void) { return late(); }", "-Wl,--unresolved-symbols=ignore-all");
	relink_context *closed = check_context(0), *open = check_context(RELINK_HOST_SYMBOLS);
	relink_input input = relink_path("./libwants.so");
	CHECK(check_refused(open, &input, 0, &error) == RELINK_E_REL_SYMBOL);
	relink_module *lazy = check_load(open, "./liblazy.so", RELINK_LAZY);
	void *late = dlopen("./liblate.so", RTLD_NOW | RTLD_LOCAL);
	NEED(late != NULL);
	CHECK(check_refused(open, &input, 0, &error) == RELINK_E_REL_SYMBOL);
	NEED(dlopen("./liblate.so", RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL) == late);
	CHECK(check_refused(closed, &input, 0, &error) == RELINK_E_REL_SYMBOL);
	CHECK(check_call(lazy, "wants") == 11);
	relink_module *wants = check_load(open, "./libwants.so", 0);
	dlclose(late);
	dlclose(late);
	CHECK(check_is_mapped("liblate.so") && check_call(wants, "wants") == 11561 && check_call(lazy, "wants") == 11);
	relink_unref(wants);
	relink_unref(lazy);
	relink_context_free(closed);
	relink_context_free(open);
}

/* COPY relocations take their value from synthetic data. */
static void copy_test(void)
{
	relink_context *context = check_context(RELINK_HOST_SYMBOLS);
	relink_error error;
	relink_module *host = NULL;
	const relink_definition definition = {"host_value", &host_value, sizeof host_value, RELINK_DATA, NULL};
	host_value = 33;
	NEED(relink_synthetic_new(context, "host", &definition, 1, &host, &error) == RELINK_OK);
	relink_module *program = load_in(context, "./copies", host, RELINK_DEFER_INIT | RELINK_NO_DEPENDENCIES);
	CHECK(check_call(program, "seen") == 33);
	relink_unref(program);
	relink_unref(host);
	relink_context_free(context);
}

int main(void)
{
	check_begin();
	fixtures_make();
	scope_test();
	symbols_test();
	places_test();
	lazy_test();
	synthetic_test();
	hooks_test();
	resolver_test();
	host_symbols_test();
	late_host_test();
	copy_test();
	return check_end();
}
