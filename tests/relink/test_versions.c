/* Names with versions in relocatable files (.symver): they mean what they mean after ld has made a library of them. */
#include "check.h"

static relink_context *context;
static relink_module *base;

static relink_module *group_load(const char *name, const char *second, const char *third, relink_module *scope)
{
	relink_input inputs[] = {relink_path(name), relink_path(second != NULL ? second : ""),
				 relink_path(third != NULL ? third : "")};
	relink_module *const modules[] = {base, scope};
	relink_options options = {.scope = modules, .scope_count = scope != NULL ? 2 : 1};
	relink_module *module = NULL;
	relink_error error;
	size_t count = second == NULL ? 1 : third == NULL ? 2 : 3;
	relink_status status = count == 1 ? relink_load(context, inputs, &options, &module, &error)
					  : relink_link(context, "group", inputs, count, &options, &module, &error);
	check_ok(status, name, &error);
	return module;
}

static void fixtures_make(const char *flags)
{
	char all[128];
	snprintf(all, sizeof all, "-c %s", flags);
	check_run("printf 'V1 { global: f; local: f?; };\\nV2 { } V1;\\n' > versions");
	check_library("libv.so", "int f1(void) { return 1; } int f2(void) { return 2; }\n"
				 "__asm__(\".symver f1, f@V1\"); __asm__(\".symver f2, f@@V2\");",
		      "-Wl,--version-script=versions");
	check_build("cc", "c", "user.o", "int f_old(void); int f_exact(void); int f(void);\n"
			    "__asm__(\".symver f_old, f@V1\"); __asm__(\".symver f_exact, f@V2\");\n"
			    "int user_old(void) { return f_old(); } int user_exact(void) { return f_exact(); }\n"
			    "int user_new(void) { return f(); } int (*place)(void) = f_old; int user_place(void) { return place(); }",
		    all);
	check_build("cc", "c", "def.o", "int g1(void) { return 10; } int g2(void) { return 20; } int g(void);\n"
			    "__asm__(\".symver g1, g@V1\"); __asm__(\".symver g2, g@@V2\");\n"
			    "int cell1 = 3, cell2 = 4; __asm__(\".symver cell1, cell@V1\"); __asm__(\".symver cell2, cell@@V2\");\n"
			    "static void *choose(void) { return g2; } int h2(void) __attribute__((ifunc(\"choose\")));\n"
			    "__asm__(\".symver h2, h@@V2\"); int h(void);\n"
			    "int def_new(void) { return g(); } int def_chosen(void) { return h(); }", all);
	check_build("cc", "c", "other.o", "int g(void); int g_old(void); int g_exact(void); extern int cell, cell_old; int h(void);\n"
			    "__asm__(\".symver g_old, g@V1\"); __asm__(\".symver g_exact, g@V2\"); __asm__(\".symver cell_old, cell@V1\");\n"
			    "int other_new(void) { return g(); } int other_old(void) { return g_old(); }\n"
			    "int other_exact(void) { return g_exact(); } int other_cells(void) { return cell * 100 + cell_old; }\n"
			    "int other_chosen(void) { return h(); }", all);
	check_build("cc", "c", "nine.o", "int f_nine(void); __asm__(\".symver f_nine, f@V9\"); int nine(void) { return f_nine(); }",
		    all);
	check_run("rm -f def.a && ar rcs def.a def.o");
	/* The oracle wants code for any address. */
	if (strcmp(flags, "-fPIC") == 0)
		check_run("printf 'V1 { };\\nV2 { } V1;\\n' > nodes && "
			  "cc -shared -o oracle.so user.o def.o other.o -L. -lv -Wl,--version-script=nodes,-rpath,$PWD");
}

static const char *const names[] = {"user_old", "user_exact", "user_new", "user_place", "def_new", "def_chosen",
				    "other_new", "other_old", "other_exact", "other_cells", "other_chosen"};
enum { NAMES = sizeof names / sizeof names[0] };
static int expected[NAMES];

static void oracle_ask(void)
{
	void *oracle = dlopen("./oracle.so", RTLD_NOW);
	if (oracle == NULL)
		fprintf(stderr, "%s\n", dlerror());
	NEED(oracle != NULL);
	for (size_t i = 0; i < NAMES; i++)
		expected[i] = ((int (*)(void))dlsym(oracle, names[i]))();
	CHECK(((int (*)(void))dlsym(oracle, "g"))() == 20 && ((int (*)(void))dlvsym(oracle, "g", "V1"))() == 10);
	CHECK(dlvsym(oracle, "g", "V9") == NULL && dlsym(oracle, "g@V1") == NULL);
	dlclose(oracle);
}

/* Those of the NAMES that MODULE has. */
static size_t names_check(const relink_module *module)
{
	size_t found = 0;
	for (size_t i = 0; i < NAMES; i++) {
		int (*function)(void) = RELINK_GET(module, int (*)(void), names[i]);
		if (function == NULL)
			continue;
		found++;
		if (function() != expected[i]) {
			fprintf(stderr, "%s: %d, not %d\n", names[i], function(), expected[i]);
			CHECK(!"the same");
		}
	}
	return found;
}

static void definitions_check(const relink_module *module)
{
	int (*plain)(void) = RELINK_GET(module, int (*)(void), "g"), (*old)(void), (*new)(void);
	old = (int (*)(void))relink_get_version(module, "g", "V1");
	new = (int (*)(void))relink_get_version(module, "g", "V2");
	NEED(plain != NULL && old != NULL && new != NULL);
	CHECK(plain() == 20 && old() == 10 && new == plain && relink_get_version(module, "g", "V9") == NULL);
	CHECK(relink_get(module, "g@V1") == NULL && relink_get(module, "g@@V2") == NULL);
	CHECK(relink_get_version(module, "def_new", "V1") == NULL && relink_get(module, "def_new") != NULL);
	relink_symbol symbol;
	CHECK(relink_symbol_find(module, "g", &symbol) == RELINK_OK && strcmp(symbol.version, "V2") == 0
	      && symbol.is_default_version);
}

static void flags_test(const char *flags)
{
	fixtures_make(flags);
	if (strcmp(flags, "-fPIC") == 0)
		oracle_ask();
	base = check_load(context, "./libv.so", 0);
	relink_module *all = group_load("./user.o", "./other.o", "./def.o", NULL);
	CHECK(names_check(all) == NAMES);
	definitions_check(all);
	relink_unref(all);
	/* Of an archive, the member comes for the name without its version. */
	relink_module *member = group_load("./other.o", "./def.a", NULL, NULL);
	CHECK(names_check(member) == NAMES - 4);
	relink_unref(member);
	/* Each for itself. */
	relink_module *def = group_load("./def.o", NULL, NULL, NULL), *user = group_load("./user.o", NULL, NULL, NULL);
	CHECK(names_check(def) + names_check(user) == NAMES - 5);
	definitions_check(def);
	if (strcmp(flags, "-fPIC") == 0) { /* else a variable of another module does not reach */
		relink_module *other = group_load("./other.o", NULL, NULL, def);
		CHECK(names_check(other) == 5);
		relink_unref(other);
	}
	relink_unref(user);
	relink_unref(def);
	relink_error error;
	relink_module *module = NULL;
	relink_input nine = relink_path("./nine.o");
	relink_options options = {.scope = &base, .scope_count = 1};
	CHECK(relink_load(context, &nine, &options, &module, &error) == RELINK_E_REL_SYMBOL);
	CHECK(strcmp(error.symbol, "f") == 0 && strcmp(error.version, "V9") == 0);
	relink_unref(base);
}

int main(void)
{
	check_begin();
	context = check_context(RELINK_HOST_NONE);
	flags_test("-fPIC");
	flags_test("-fno-pic");
	relink_context_free(context);
	return check_end();
}
