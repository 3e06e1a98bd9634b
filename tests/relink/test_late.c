/* A program that changed its environment before its first context: what the kernel said about the process lies behind the
 * environment, and is found all the same. */
#include "check.h"

static const char program_source[] =
	"#define _GNU_SOURCE\n#include <relink.h>\n#include <stdlib.h>\n#include <string.h>\n"
	"extern char **environ;\n"
	"int main(int argc, char **argv) {\n"
	"	char **first = environ; relink_context *context; relink_module *module; relink_error error;\n"
	"	relink_input input = relink_path(\"./plain.so\");\n"
	"	if (strstr(argv[1], \"add\")) setenv(\"LATE_NEW\", \"1\", 1);\n"
	"	if (strstr(argv[1], \"take\")) unsetenv(\"LATE_ONE\");\n"
	"	if (strstr(argv[1], \"more\")) unsetenv(\"LATE_TWO\");\n"
	"	if (strstr(argv[1], \"end\")) first[1] = NULL;\n"
	"	if (strstr(argv[1], \"none\")) first[0] = NULL;\n"
	"	if (strstr(argv[1], \"clear\")) clearenv();\n"
	"	if (relink_context_new(0, &context, &error) || relink_load(context, &input, NULL, &module, &error)) {\n"
	"		char text[512]; relink_error_format(&error, text, sizeof text); puts(text); return 1; }\n"
	"	int value = RELINK_GET(module, int (*)(void), \"plain\")();\n"
	"	relink_unref(module); relink_context_free(context);\n"
	"	return value != 7; }\n";

static void check_program(const char *compiler, const char *library)
{
	static const char *const changes[] = {"no", "add", "take", "take-more", "take-add", "end", "none", "clear", "take-end"};
	char flags[1024];
	snprintf(flags, sizeof flags, "-include stdio.h -I%s/../../../include %s -Wl,-rpath,.", PROGRAM_SOURCES, library);
	check_build(compiler, "c", "late", program_source, flags);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		check_command("LATE_ONE=1 LATE_TWO=2 LATE_THREE=3 ./late %s", changes[i]);
		check_command("env -i LATE_ONE=1 ./late %s", changes[i]);
	}
	check_command("env -i ./late no");
}

int main(void)
{
	Dl_info own;
	if (CHECK_SANITIZED)
		return 0; /* no such program could be linked with what is in this one */
	check_begin();
	NEED(dladdr((void *)relink_context_new, &own) != 0);
	check_command("cp %s librelink.so.0", own.dli_fname);
	check_library("plain.so", "int plain(void) { return 7; }", "-nostdlib");
	check_program("cc", "-L. -l:librelink.so.0");
	if (system("command -v musl-gcc >/dev/null") == 0)
		check_program("musl-gcc", "./librelink.so.0");
	return check_end();
}
