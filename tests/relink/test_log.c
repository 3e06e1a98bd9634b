/* Logs say what LD_DEBUG says when dlopen does the same: which places are searched in which order, what is bound to whom,
 * and when constructors run; also RELINK_DEBUG's forms, the callback, and perf's map. */
#include "check.h"

#include <ctype.h>
#include <grp.h>
#include <sys/wait.h>

/* ---- The same library in one process of each kind ------------------------------------------------------------------ */

static const char base_source[] =
	"#include <stdio.h>\n"
	"int base_value = 3; __thread int base_tls = 4; extern int nobody(void) __attribute__((weak));\n"
	"__attribute__((visibility(\"protected\"))) int base_protected(void) { return 1; }\n"
	"int (*base_pointer)(void) = base_protected;\n"
	"int base_function(int x) { return x + base_value + base_protected() + (nobody ? nobody() : 0); }\n"
	"__attribute__((constructor)) static void up(void) { fflush(NULL); }\n"
	"__attribute__((destructor)) static void down(void) { fflush(NULL); }\n";
static const char top_source[] =
	"#include <stdlib.h>\n"
	"extern int base_value; extern __thread int base_tls; int base_function(int), base_protected(void);\n"
	"int *pointer = &base_value;\n"
	"int top_own(int x) { return x + atoi(\"1\"); }\n"
	"void *table[] = {(void *)top_own, (void *)base_function, (void *)base_protected, (void *)abort};\n"
	"int top(int x) { return top_own(base_function(x)) + *pointer + base_tls; }\n"
	"__attribute__((constructor)) static void up(void) { top(1); }\n";

static int child(char **argv)
{
	if (strcmp(argv[1], "open") == 0) {
		void *handle = dlopen(argv[2], *argv[3] == 'l' ? RTLD_LAZY : RTLD_NOW);
		if (handle == NULL)
			return 1;
		dlclose(handle);
		return 0;
	}
	relink_context *context = check_context(RELINK_HOST_SYMBOLS);
	NEED(relink_search_system(context) == RELINK_OK);
	relink_unref(check_load(context, argv[2], *argv[3] == 'l' ? RELINK_LAZY : 0));
	relink_context_free(context);
	return 0;
}

/* The lines about our fixtures, without process, namespaces, and who has __tls_get_addr. */
static char *lines_read(const char *path)
{
	char line[16384], *text = calloc(1, 1 << 20);
	FILE *file = fopen(path, "r");
	NEED(file != NULL && text != NULL);
	int is_ours = 0; /* in the block of lines about one search */
	while (fgets(line, sizeof line, file) != NULL) {
		char *tab = strchr(line, '\t'), *body = tab == NULL ? line : tab + 1;
		static const char *const ours[] = {"binding file ./", "relocation processing: ./", "calling init: ./",
						   "calling fini: ./"};
		int is_wanted = 0;
		for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
			is_wanted |= strncmp(body, ours[i], strlen(ours[i])) == 0;
		if (strncmp(body, "find library=", 13) == 0)
			is_ours = strncmp(body + 13, "libbase", 7) == 0 || strncmp(body + 13, "libmid", 6) == 0
				  || strncmp(body + 13, "libutil", 7) == 0 || strncmp(body + 13, "liblost", 7) == 0;
		is_wanted |= is_ours && body[0] == ' ';
		is_wanted |= is_ours && strncmp(body, "find library=", 13) == 0;
		if (!is_wanted)
			continue;
		char *out = text + strlen(text);
		for (char *c = body; *c != '\0'; c++) {
			*out++ = *c;
			if (*c == '[' && isdigit((unsigned char)c[1]))
				while (c[1] != ']')
					c++;
			if (strncmp(c, " to ", 4) == 0 && strstr(c, "`__tls_get_addr'") != NULL)
				c = strstr(c, ": normal") - 1;
			/* What the process has in front of libc, a module finds behind what it needs itself. */
			if (CHECK_SANITIZED && strncmp(c, " to /", 5) == 0)
				c = strstr(c, " [") - 1;
		}
		*out = '\0';
	}
	fclose(file);
	return text;
}

static void compare(const char *what, const char *settings, const char *library, const char *mode, size_t minimum)
{
	check_command("env -u LD_LIBRARY_PATH %s LD_DEBUG=%s /proc/%d/exe open %s %s 2>theirs.log", settings, what, (int)getpid(), library,
		      mode);
	check_command("env -u LD_LIBRARY_PATH %s RELINK_DEBUG=%s /proc/%d/exe load %s %s 2>ours.log", settings, what, (int)getpid(), library,
		      mode);
	char *theirs = lines_read("theirs.log"), *ours = lines_read("ours.log");
	size_t count = 0;
	for (const char *c = theirs; *c != '\0'; c++)
		count += *c == '\n';
	CHECK(count >= minimum);
	if (strcmp(theirs, ours) != 0) {
		fprintf(stderr, "%s, %s %s %s\n--- LD_DEBUG\n%s--- RELINK_DEBUG\n%s", what, settings, library, mode,
			theirs, ours);
		check_failures++;
	}
	free(theirs);
	free(ours);
}

static void check_against_original(void)
{
	check_run("mkdir -p one two three");
	check_library("one/libbase.so", base_source, "-Wl,-soname,libbase.so");
	check_run("cp one/libbase.so two/ && cp one/libbase.so three/");
	check_library("libtop.so", top_source, "-Lone -lbase -Wl,--no-as-needed -l:libutil.so.1 "
					       "-Wl,--enable-new-dtags,-rpath,./none:./one");
	check_library("libnow.so", top_source, "-Lone -lbase -Wl,-z,now -Wl,--enable-new-dtags,-rpath,./one");
	compare("libs,reloc,bindings", "", "./libtop.so", "now", 60);
	compare("libs,reloc,bindings", "", "./libtop.so", "lazy", 60);
	compare("bindings", "", "./libnow.so", "lazy", 10);

	/* Who wins: RPATH, what loaded it, LD_LIBRARY_PATH, RUNPATH; and where all look in vain. */
	static const char *const kinds[] = {"--disable-new-dtags", "--enable-new-dtags"};
	for (int inner = 0; inner < 2; inner++)
		for (int outer = 0; outer < 2; outer++) {
			char name[64], flags[256];
			snprintf(name, sizeof name, "one/libmid%d%d.so", outer, inner);
			snprintf(flags, sizeof flags, "-Lone -lbase -Wl,--no-as-needed -Wl,-soname,libmid%d%d.so -Wl,%s%s", outer,
				 inner, kinds[inner], inner ? ",-rpath,./two" : "");
			check_library(name, "int base_function(int); int mid(void) { return base_function(1); }", flags);
			snprintf(flags, sizeof flags, "-Lone -l:libmid%d%d.so -Wl,--no-as-needed -Wl,%s,-rpath,./one", outer, inner,
				 kinds[outer]);
			snprintf(name, sizeof name, "libouter%d%d.so", outer, inner);
			check_library(name, "int mid(void); int outer(void) { return mid(); }", flags);
			snprintf(name, sizeof name, "./libouter%d%d.so", outer, inner);
			compare("libs", "LD_LIBRARY_PATH=./three:./none", name, "now", 4);
			if (outer == 0 || inner == 1)
				compare("libs", "", name, "now", 4);
		}
}

/* ---- Forms of RELINK_DEBUG ------------------------------------------------------------------------------------------ */

static void check_forms(void)
{
	const char *load = "/proc/$PPID/exe load ./libtop.so now";
	check_command("RELINK_DEBUG= %s 2>none.log && test ! -s none.log", load);
	check_command("RELINK_DEBUG=help %s 2>help.log && grep -q '^  bindings ' help.log && grep -q '^  perfmap ' help.log", load);
	check_command("RELINK_DEBUG=nonsense:reloc %s 2>odd.log && grep -q 'nonsense. unknown' odd.log && "
		      "grep -q 'relocation processing: ./libtop.so' odd.log && ! grep -q binding odd.log", load);
	check_command("RELINK_DEBUG=all RELINK_DEBUG_OUTPUT=out %s 2>err.log && test ! -s err.log && "
		      "grep -q 'file=./libtop.so .*generating link map' out.* && grep -q 'source: file' out.* && "
		      "grep -q 'destroying link map' out.* && grep -q 'binding file' out.*", load);
	check_command("RELINK_DEBUG=files RELINK_DEBUG_OUTPUT=/none/out %s 2>err.log && grep -q generating err.log", load);
}

/* ---- A set-user-id process ------------------------------------------------------------------------------------------ */

/* Says whether the kernel says so. */
static const char secure_source[] =
	"#include <relink.h>\n#include <stdio.h>\n#include <sys/auxv.h>\n"
	"int main(void) { relink_context *context; relink_module *module; relink_input input = relink_path(\"./libtop.so\");\n"
	"	if (relink_context_new(RELINK_HOST_SYMBOLS, &context, NULL) || relink_search_system(context)\n"
	"	    || relink_load(context, &input, NULL, &module, NULL)) return 9;\n"
	"	relink_unref(module); relink_context_free(context);\n"
	"	return getauxval(AT_SECURE) ? 1 : 0; }";

/* The exit status of ./secure as somebody who owns nothing here, with all that RELINK_DEBUG can be told. */
static int secure_run(const char *output)
{
	enum { NOBODY = 65534 };
	pid_t child = fork();
	if (child == 0) {
		int file = open("secure.log", O_WRONLY | O_TRUNC);
		if (file < 0 || dup2(file, 2) != 2 || setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(99);
		setenv("RELINK_DEBUG", "all,perfmap", 1);
		setenv("LD_LIBRARY_PATH", "/nonexistent", 1); /* libc takes this away, and leaves a gap */
		if (output != NULL)
			setenv("RELINK_DEBUG_OUTPUT", output, 1);
		execl("./secure", "./secure", NULL);
		_exit(98);
	}
	int status = -1;
	NEED(child > 0 && waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The program is another's, so the variables of who started it say nothing: no log, and no file anywhere. */
static void check_secure(void)
{
	Dl_info own;
	char flags[1024];
	if (CHECK_SANITIZED)
		return; /* the library is in this program then */
	if (geteuid() != 0) {
		fprintf(stderr, "set-user-id programs are not tested: needs root\n");
		return;
	}
	NEED(dladdr((void *)relink_context_new, &own) != 0);
	check_command("cp %s librelink.so.0", own.dli_fname);
	snprintf(flags, sizeof flags, "-I%s/../../../include -L. -l:librelink.so.0 -Wl,-rpath,%s", PROGRAM_SOURCES,
		 check_folder);
	check_build("cc", "c", "secure", secure_source, flags);
	check_run("chmod 777 . && touch secure.log && chmod 666 secure.log");
	CHECK(secure_run(NULL) == 0);
	check_run("grep -q 'binding file' secure.log");
	CHECK(secure_run("told") == 0);
	check_run("test ! -s secure.log && grep -q 'binding file' told.* && rm told.*");
	check_run("chmod 4755 secure");
	int status = secure_run(NULL);
	if (status == 0) {
		fprintf(stderr, "set-user-id programs are not tested: %s has none\n", check_folder);
		return;
	}
	CHECK(status == 1);
	check_run("test ! -s secure.log");
	CHECK(secure_run("told") == 1);
	check_run("test ! -s secure.log && ! ls told.* 2>none.log");
}

/* ---- The callback --------------------------------------------------------------------------------------------------- */

struct heard {
	char text[16384];
	unsigned categories;
};

static void hear(void *user, unsigned category, const char *line)
{
	struct heard *heard = user;
	size_t used = strlen(heard->text);
	CHECK(strchr(line, '\n') == NULL && *line != '\0');
	snprintf(heard->text + used, sizeof heard->text - used, "%s\n", line);
	heard->categories |= category;
}

static int times(const char *text, const char *part)
{
	int count = 0;
	for (const char *c = text; (c = strstr(c, part)) != NULL; c += strlen(part))
		count++;
	return count;
}

static void check_callback(void)
{
	static struct heard heard, other;
	relink_context *context = check_context(RELINK_HOST_SYMBOLS), *silent = check_context(RELINK_HOST_SYMBOLS);
	CHECK(relink_set_log(NULL, 0, hear, &heard) == RELINK_E_ARGUMENT);
	CHECK(relink_set_log(context, 1 << 8, hear, &heard) == RELINK_E_ARGUMENT);
	CHECK(relink_set_log(context, RELINK_LOG_ALL, hear, &heard) == RELINK_OK);
	CHECK(relink_search_directory(context, "./none:./two") == RELINK_OK);
	CHECK(relink_search_directory(silent, "./two") == RELINK_OK);
	check_library("libuser.so", "#include <math.h>\nint base_function(int); double user(double x) { return x + base_function(1); }",
		      "-Lone -lbase");
	relink_module *module = check_load(context, "./libuser.so", RELINK_LAZY);
	relink_module *second = check_load(silent, "./libuser.so", 0);
	CHECK(strstr(heard.text, "find library=libbase.so") != NULL && strstr(heard.text, "  trying file=./two/libbase.so") != NULL);
	CHECK(strstr(heard.text, "relocation processing: ./libuser.so (lazy)") != NULL);
	CHECK(strstr(heard.text, "symbol `base_function'") == NULL);
	double (*user)(double) = RELINK_GET(module, double (*)(double), "user");
	CHECK(user(0.5) == 5.5); /* the callback must not change the call's registers */
	CHECK(times(heard.text, "to ./two/libbase.so") == times(heard.text, "symbol `base_function'") + 2);
	CHECK(times(heard.text, "calling init: ") == 2 && times(heard.text, "generating link map") == 2);
	heard.text[0] = '\0';
	CHECK(relink_set_log(context, RELINK_LOG_FILES, hear, &other) == RELINK_OK);
	relink_unref(module);
	CHECK(heard.text[0] == '\0' && times(other.text, "calling fini: ") >= 1 && times(other.text, "destroying") == 2);
	CHECK(relink_set_log(context, 0, NULL, NULL) == RELINK_OK);
	other.text[0] = '\0';
	relink_unref(check_load(context, "./libuser.so", 0));
	CHECK(other.text[0] == '\0');
	relink_unref(second);
	relink_context_free(context);
	relink_context_free(silent);
}

/* A relocatable file's bindings: each symbol once, and only what it does not define. */
static void check_relocatable(void)
{
	static struct heard heard;
	relink_context *context = check_context(RELINK_HOST_SYMBOLS);
	check_build("cc", "c", "user.o", "#include <stdlib.h>\nint own(void) { return 1; }\n"
					 "int user(void) { return atoi(\"1\") + atoi(\"2\") + own(); }\nint more(void) { return abs(atoi(\"4\")); }",
		    "-c -fno-builtin");
	CHECK(relink_set_log(context, RELINK_LOG_BINDINGS | RELINK_LOG_FILES, hear, &heard) == RELINK_OK);
	relink_unref(check_load(context, "./user.o", 0));
	CHECK(times(heard.text, "symbol `strtol'") + times(heard.text, "symbol `atoi'") == 1);
	CHECK(times(heard.text, "symbol `abs'") == 1 && times(heard.text, "symbol `own'") == 0);
	CHECK(times(heard.text, "file=./user.o") == 2);
	relink_context_free(context);
}

/* ---- perf's map ----------------------------------------------------------------------------------------------------- */

static int each(void *user, const relink_symbol *symbol)
{
	char line[512], expected[512];
	int found = 0;
	FILE *file = fopen(user, "r");
	snprintf(expected, sizeof expected, "%lx %lx %s\n", (unsigned long)(uintptr_t)symbol->address,
		 (unsigned long)symbol->size, symbol->name);
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		found += strcmp(line, expected) == 0;
	CHECK(found == (symbol->type == STT_FUNC && symbol->size != 0));
	if (file != NULL)
		fclose(file);
	return 0;
}

static void check_perf_map(void)
{
	relink_error error;
	relink_context *context = check_context(RELINK_HOST_SYMBOLS);
	relink_module *base = check_load(context, "./one/libbase.so", 0), *object = check_load(context, "./user.o", 0);
	CHECK(relink_write_perf_map(NULL, "x", &error) == RELINK_E_ARGUMENT);
	CHECK(relink_write_perf_map(context, "/none/map", &error) == RELINK_E_IO_OPEN && error.error_number == 2);
	CHECK(relink_write_perf_map(context, "map", &error) == RELINK_OK);
	relink_each_symbol(base, each, (void *)"map");
	relink_each_symbol(object, each, (void *)"map");
	char own[64];
	snprintf(own, sizeof own, "/tmp/perf-%d.map", (int)getpid());
	CHECK(relink_write_perf_map(context, NULL, &error) == RELINK_OK);
	relink_each_symbol(object, each, own);
	CHECK(unlink(own) == 0);
	relink_unref(base);
	relink_unref(object);
	relink_context_free(context);
}

static int in_order(void *user, const relink_info *info)
{
	*(uintptr_t *)user = info->bias;
	return 1;
}

/* RELINK_DEBUG=perfmap: all functions of what comes from memory, as nm lists them; nothing of what perf reads itself. */
static int perf_child(void)
{
	static char bytes[1 << 20];
	FILE *file = fopen("plain.so", "rb");
	size_t size = fread(bytes, 1, sizeof bytes, file);
	char own[64];
	uintptr_t bias = 0;
	relink_module *module;
	relink_context *context = check_context(RELINK_HOST_SYMBOLS);
	relink_input input = relink_bytes("in-memory", bytes, size);
	NEED(relink_load(context, &input, NULL, &module, NULL) == RELINK_OK);
	relink_each_module(context, in_order, &bias);
	check_load(context, "./plain.o", 0);
	check_load(context, "./plain2.so", 0);
	snprintf(own, sizeof own, "/tmp/perf-%d.map", (int)getpid());
	/* nm's list, moved, has the same lines. */
	check_command("nm --defined-only -S plain.so | awk '($3 == \"t\" || $3 == \"T\") {print $1, $2, $4}' | while read a s n; do "
		      "printf '%%x %%x %%s\\n' $((0x$a + %lu)) 0x$s $n; done | sort >expected.map && "
		      "test -s expected.map && sort %s | grep -F -x -f expected.map | diff expected.map -", (unsigned long)bias, own);
	check_command("grep -q ' hidden_one$' %s && grep -q ' object_local$' %s && ! grep -q on_disk %s", own, own, own);
	CHECK(unlink(own) == 0);
	return check_failures != 0;
}

static void check_perf_variable(void)
{
	check_library("plain.so", "static __attribute__((noinline)) int hidden_one(int x) { __asm__(\"\"); return x + 1; }\n"
				  "int plain(int x) { return hidden_one(x) * 2; }", "");
	check_library("plain2.so", "int on_disk(void) { return 1; }", "");
	check_build("cc", "c", "plain.o", "static __attribute__((noinline)) int object_local(int x) { __asm__(\"\"); return x + 1; }\n"
					  "int object_global(int x) { return object_local(x) * 2; }", "-c");
	check_command("RELINK_DEBUG=perfmap /proc/$PPID/exe perf");
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return child(argv);
	if (argc > 1)
		return perf_child();
	check_begin();
	check_against_original();
	check_forms();
	check_secure();
	check_callback();
	check_relocatable();
	check_perf_map();
	check_perf_variable();
	return check_end();
}
