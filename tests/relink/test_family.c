/* The dlfcn family inside modules: what dladdr, dlsym and dl_iterate_phdr tell a library about itself is what they tell it
 * when the system's dlopen has loaded it.  And what they share with the process: the functions and variables that the
 * process itself uses in place of libc's. */
#include "check.h"

static const char plugin[] =
	"#define _GNU_SOURCE\n"
	"#include <dlfcn.h>\n#include <link.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
	"extern int other(void);\n"
	"int mine(void) { return 1; }\n"
	"static int hidden(void) { return 2; }\n"
	"__thread int variable = 4;\n"
	"static int count(struct dl_phdr_info *info, size_t size, void *found)\n"
	"{\n"
	"	for (int i = 0; i < info->dlpi_phnum; i++)\n"
	"		if (info->dlpi_phdr[i].p_type == PT_LOAD\n"
	"		    && (uintptr_t)count - info->dlpi_addr - info->dlpi_phdr[i].p_vaddr < info->dlpi_phdr[i].p_memsz)\n"
	"			(*(int *)found)++;\n"
	"	return 0;\n"
	"}\n"
	"static const char *text(const char *string) { return string == NULL ? \"none\" : string; }\n"
	"static void describe(char **at, const void *address)\n"
	"{\n"
	"	Dl_info info = {0};\n"
	"	const ElfW(Sym) *symbol = NULL;\n"
	"	int result = dladdr(address, &info);\n"
	"	*at += sprintf(*at, \"dladdr %d %s %s %ld\\n\", result, text(info.dli_fname), text(info.dli_sname),\n"
	"		       info.dli_saddr == NULL ? -1 : (long)((char *)info.dli_saddr - (char *)info.dli_fbase));\n"
	"	result = dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT);\n"
	"	*at += sprintf(*at, \"dladdr1 %d %d\\n\", result, symbol == NULL ? -1 : (int)symbol->st_value);\n"
	"	struct link_map *map = NULL;\n"
	"	result = dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP);\n"
	"	*at += sprintf(*at, \"map %d %s %d\\n\", result, map->l_name, map->l_ld != NULL);\n"
	"}\n"
	"static void look(char **at, void *handle, const char *name)\n"
	"{\n"
	"	Dl_info info = {0};\n"
	"	dlerror();\n"
	"	void *value = dlsym(handle, name);\n"
	"	*at += sprintf(*at, \"%s %d\", name, value != NULL);\n"
	"	if (value != NULL && dladdr(value, &info))\n"
	"		*at += sprintf(*at, \" %s %s\", info.dli_fname, text(info.dli_sname));\n"
	"	*at += sprintf(*at, \" %d\\n\", dlerror() != NULL);\n"
	"}\n"
	"void tell(char *at)\n"
	"{\n"
	"	int found = 0;\n"
	"	describe(&at, (void *)mine);\n"
	"	describe(&at, (void *)hidden);\n"
	"	describe(&at, (void *)malloc);\n"
	"	look(&at, RTLD_DEFAULT, \"mine\");\n"
	"	look(&at, RTLD_DEFAULT, \"other\");\n"
	"	look(&at, RTLD_DEFAULT, \"both\");\n"
	"	look(&at, RTLD_NEXT, \"both\");\n"
	"	look(&at, RTLD_NEXT, \"calloc\");\n"
	"	look(&at, RTLD_NEXT, \"mine\");\n"
	"	look(&at, RTLD_DEFAULT, \"nobody\");\n"
	"	at += sprintf(at, \"tls %d\\n\", dlsym(RTLD_DEFAULT, \"variable\") == &variable);\n"
	"	at += sprintf(at, \"version %d %d\\n\", dlvsym(RTLD_NEXT, \"qsort\", \"GLIBC_2.2.5\") != NULL,\n"
	"		      dlvsym(RTLD_DEFAULT, \"qsort\", \"NONE_1\") != NULL);\n"
	"	void *libm = dlopen(\"libm.so.6\", RTLD_NOW);\n"
	"	at += sprintf(at, \"libm %d %d\\n\", libm != NULL, dlsym(libm, \"cos\") != NULL);\n"
	"	dl_iterate_phdr(count, &found);\n"
	"	at += sprintf(at, \"iterate %d\\n\", found);\n"
	"}\n"
	"int both(void) { return 3; }\n";

/* The program has a function of libc's name, for all who use libc's. */
__attribute__((used, visibility("default"))) long gethostid(void)
{
	return 99;
}

/* Memory goes back and forth between modules and a libc whose allocator was replaced, here by the sanitizer's. */
static void shared_check(relink_context *context)
{
	check_library("libshared.so",
		      "#include <stdlib.h>\n#include <string.h>\n#include <stdio.h>\nextern char **environ;\n"
		      "int number(void) { extern long gethostid(void); return gethostid(); }\n"
		      "char *make(void) { char *copy = strdup(\"text\"); free(copy); return malloc(7); }\n"
		      "void *streams(void) { return stderr; }\n"
		      "int sees(void) { return environ != NULL && getenv(\"RELINK_SEEN\") != NULL; }\n"
		      "char ***place(void) { return &environ; }", "-fno-builtin");
	relink_module *module = check_load(context, "./libshared.so", 0);
	extern char **environ;
	setenv("RELINK_SEEN", "1", 1);
	CHECK(check_call(module, "number") == 99);
	free(RELINK_GET(module, char *(*)(void), "make")());
	CHECK(RELINK_GET(module, void *(*)(void), "streams")() == (void *)stderr);
	CHECK(check_call(module, "sees") == 1);
	CHECK(RELINK_GET(module, char ***(*)(void), "place")() == &environ);
	relink_unref(module);
}

int main(void)
{
	static char theirs[8192], ours[8192];
	char path[256];
	check_begin();
	check_library("libother.so", "int other(void) { return 5; } int both(void) { return 6; }", "");
	check_library("libplugin.so", plugin, "-fno-builtin -Wl,--no-as-needed -lother -Wl,-rpath,$PWD");
	snprintf(path, sizeof path, "%s/libplugin.so", check_folder);

	void *handle = dlopen(path, RTLD_NOW);
	NEED(handle != NULL);
	void (*tell)(char *) = (void (*)(char *))dlsym(handle, "tell");
	tell(theirs);
	dlclose(handle);

	relink_context *context = check_context(0);
	NEED(relink_search_system(context) == RELINK_OK);
	relink_module *module = check_load(context, path, 0);
	tell = RELINK_GET(module, void (*)(char *), "tell");
	tell(ours);
	if (strcmp(ours, theirs) != 0)
		fprintf(stderr, "dlopen:\n%s\nrelink:\n%s\n", theirs, ours);
	CHECK(strcmp(ours, theirs) == 0);

	/* What a load is given comes before: a host may have a dladdr of its own for its modules. */
	check_library("libasks.so", "#define _GNU_SOURCE\n#include <dlfcn.h>\nint asks(void) { Dl_info info; return dladdr(0, &info); }", "");
	check_library("libgiven.so", "int dladdr(const void *address, void *info) { return 77; }", "");
	relink_module *given = check_load(context, "./libgiven.so", 0), *asks = NULL;
	relink_input input = relink_path("./libasks.so");
	relink_options options = {.scope = &given, .scope_count = 1};
	relink_error error;
	NEED(relink_load(context, &input, &options, &asks, &error) == RELINK_OK);
	CHECK(check_call(asks, "asks") == 77);
	relink_unref(asks);
	relink_unref(given);
	relink_unref(module);
	shared_check(context);

	/* A module that is kept from the process does not find its symbols by asking, either. */
	relink_context_free(context);
	context = check_context(RELINK_HOST_LIBC);
	check_library("libalone.so",
		      "#define _GNU_SOURCE\n#include <dlfcn.h>\nint alone(void) { return dlsym(RTLD_DEFAULT, \"main\") != 0; }"
		      "int next(void) { return dlsym(RTLD_NEXT, \"calloc\") != 0; }", "");
	module = check_load(context, "./libalone.so", 0);
	CHECK(check_call(module, "alone") == 0);
	CHECK(check_call(module, "next") == 1);
	relink_unref(module);
	relink_context_free(context);
	return check_end();
}
