/* LD_* variables and the command line, and what a secure process does with both. */
#include "../../ldso/policy/options.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_text(const char *text, const char *expected)
{
	return text != NULL && expected != NULL ? strcmp(text, expected) == 0 : text == expected;
}

static struct rl_options environment_read(char **envp, bool is_secure)
{
	struct rl_kernel kernel = {.envp = envp};
	kernel.aux[AT_SECURE] = is_secure;
	struct rl_options options;
	rl_options_read_environment(&kernel, &options);
	return options;
}

static void ordinary_check(void)
{
	char *envp[] = {"PATH=/bin", "LD_LIBRARY_PATH=/a:/b", "LD_BIND_NOW=1", "LD_PRELOAD=x.so", "LD_DEBUG=libs",
			"LD_ORIGIN_PATH=/o", "LD_WARN=", "LD_VERBOSE=1", "LD_DYNAMIC_WEAK=", "LD_SHOW_AUXV=",
			"LD_TRACE_LOADED_OBJECTS=1", "LD_AUDIT=a.so:b.so", "LD_AUDIT=", "LD_PROFILE=", "LD_BIND_NOT=y",
			"LD_PROFILE_OUTPUT=/tmp", "LD_DEBUG_OUTPUT=f", "GLIBC_TUNABLES=glibc.malloc.check=1", "LD_NOEQUALS",
			"LD_", "LD_LIBRARY_PATHX=no", "L", "", NULL};
	struct rl_options options = environment_read(envp, false);
	CHECK(is_text(options.library_path, "/a:/b") && is_text(options.library_path_source, "LD_LIBRARY_PATH"));
	CHECK(options.binds_now && options.binds_not && options.shows_versions && !options.warns);
	CHECK(options.has_dynamic_weak && options.shows_auxv && !options.is_secure && !options.has_hwcap_mask);
	CHECK(is_text(options.preload_environment, "x.so") && is_text(options.debug, "libs"));
	CHECK(is_text(options.origin_path, "/o") && options.profile == NULL && is_text(options.profile_output, "/tmp"));
	CHECK(options.mode == RL_MODE_TRACE && !options.traces_program && is_text(options.debug_output, "f"));
	CHECK(options.audit_count == 1 && is_text(options.audit[0], "a.so:b.so"));
	CHECK(is_text(options.tunables, "glibc.malloc.check=1"));
	CHECK(is_text(envp[1], "LD_LIBRARY_PATH=/a:/b") && is_text(envp[22], "")); /* nothing is taken away */

	char *repeated[] = {"LD_BIND_NOW=1", "LD_BIND_NOW=", "LD_LIBRARY_PATH=a", "LD_LIBRARY_PATH=b",
			    "LD_TRACE_LOADED_OBJECTS=2", NULL};
	options = environment_read(repeated, false);
	CHECK(!options.binds_now && is_text(options.library_path, "b") && options.traces_program);

	char *none[] = {NULL};
	options = environment_read(none, false);
	CHECK(options.mode == RL_MODE_RUN && options.library_path == NULL && options.program_index == 0);
}

static uint64_t mask_of(char *first, char *second)
{
	char *envp[] = {first, second, NULL};
	struct rl_options options = environment_read(envp, false);
	return options.has_hwcap_mask ? options.hwcap_mask : 12345;
}

static void mask_check(void)
{
	CHECK(mask_of("A=b", NULL) == 12345);
	CHECK(mask_of("LD_HWCAP_MASK=0x1f", NULL) == 31 && mask_of("LD_HWCAP_MASK=010", NULL) == 8);
	CHECK(mask_of("LD_HWCAP_MASK=", NULL) == 0 && mask_of("LD_HWCAP_MASK= 7x", NULL) == 7);
	CHECK(mask_of("LD_HWCAP_MASK=99999999999999999999", NULL) == UINT64_MAX);
	CHECK(mask_of("LD_HWCAP_MASK=4", "GLIBC_TUNABLES=a=b:glibc.cpu.hwcap_mask=2") == 2);
	CHECK(mask_of("GLIBC_TUNABLES=glibc.cpu.hwcap_maskx=2", NULL) == 12345);
}

/* Strings that the reader may change. */
static void secure_check(void)
{
	char tunables[] = "GLIBC_TUNABLES=glibc.malloc.check=1:glibc.malloc.perturb=2:foo:glibc.malloc.mxfast=4:"
			  "glibc.rtld.nns=4:glibc.mem.tagging=";
	char *envp[] = {"LD_LIBRARY_PATH=/a", "PATH=/bin", "LD_PRELOAD=x.so", "LD_BIND_NOW=1", "TMPDIR=/t", tunables,
			"LD_HWCAP_MASK=0", "LD_ORIGIN_PATH=/o", "LD_SHOW_AUXV=1", "LD_DYNAMIC_WEAK=1", "TMPDIRS=x", "TZ=UTC",
			"LD_TRACE_LOADED_OBJECTS=1", "LD_PROFILE_OUTPUT=/p", "LD_DEBUG_OUTPUT=x", "GCONV_PATH=", "TMPDIR", NULL};
	struct rl_options options = environment_read(envp, true);
	CHECK(options.is_secure && options.library_path == NULL && options.origin_path == NULL && options.binds_now);
	CHECK(is_text(options.preload_environment, "x.so") && !options.has_hwcap_mask && options.tunables == NULL);
	CHECK(!options.shows_auxv && !options.has_dynamic_weak && options.mode == RL_MODE_TRACE);
	CHECK(options.profile_output == NULL && options.debug_output == NULL);
	static const char *const left[] = {"PATH=/bin", "LD_BIND_NOW=1",
					   "GLIBC_TUNABLES=glibc.malloc.perturb=2:glibc.malloc.mxfast=4:glibc.mem.tagging=",
					   "TMPDIRS=x", "TZ=UTC", "LD_TRACE_LOADED_OBJECTS=1", "LD_PROFILE_OUTPUT=/p",
					   "TMPDIR", NULL};
	for (size_t i = 0; i < sizeof left / sizeof *left; i++)
		CHECK(is_text(envp[i], left[i]));
}

static const char *const not_bad = "";

/* Read a command line of words; returns the offending one, NOT_BAD if there is none. */
static const char *command_read(struct rl_options *options, char **words)
{
	int count = 0;
	while (words[count] != NULL)
		count++;
	memset(options, 0, sizeof *options);
	const char *bad = not_bad;
	return rl_options_read_command(count, words, options, &bad) ? not_bad : bad;
}

#define WORDS(...) (char *[]){"ld.so", __VA_ARGS__, NULL}

static void command_check(void)
{
	struct rl_options options;
	CHECK(command_read(&options, WORDS("prog", "--list")) == not_bad);
	CHECK(options.program_index == 1 && options.mode == RL_MODE_RUN);
	CHECK(command_read(&options, WORDS("--library-path", "/x", "--argv0", "z", "--preload", "a b", "--inhibit-cache",
					   "--inhibit-rpath", "", "--audit", "q", "--glibc-hwcaps-mask", "m",
					   "--glibc-hwcaps-prepend", "p", "-x", "y")) == not_bad);
	CHECK(options.program_index == 16 && is_text(options.library_path, "/x") && is_text(options.argv0, "z"));
	CHECK(is_text(options.library_path_source, "--library-path") && is_text(options.preload_command, "a b"));
	CHECK(options.inhibits_cache && is_text(options.inhibit_rpath, "") && options.audit_count == 1);
	CHECK(is_text(options.hwcaps_mask, "m") && is_text(options.hwcaps_prepend, "p"));

	CHECK(is_text(command_read(&options, WORDS("--foo", "x")), "--foo"));
	CHECK(is_text(command_read(&options, WORDS("--", "x")), "--"));
	CHECK(is_text(command_read(&options, WORDS("--library-path=x", "y")), "--library-path=x"));
	CHECK(is_text(command_read(&options, WORDS("--argv0")), "--argv0"));
	CHECK(command_read(&options, WORDS("--list")) == NULL && command_read(&options, WORDS("--argv0", "x")) == NULL);
	CHECK(command_read(&options, (char *[]){"ld.so", NULL}) == NULL);

	CHECK(command_read(&options, WORDS("--list", "--verify", "x")) == not_bad && options.mode == RL_MODE_VERIFY);
	CHECK(command_read(&options, WORDS("--help", "--list")) == not_bad && options.mode == RL_MODE_HELP);
	CHECK(command_read(&options, WORDS("--list-tunables")) == not_bad && options.mode == RL_MODE_LIST_TUNABLES);
	CHECK(command_read(&options, WORDS("--list-diagnostics")) == not_bad
	      && options.mode == RL_MODE_LIST_DIAGNOSTICS);
	CHECK(command_read(&options, WORDS("--version", "--foo")) == not_bad && options.mode == RL_MODE_VERSION);
	CHECK(options.program_index == 0);
}

static void audit_check(void)
{
	struct rl_options options = {0};
	for (int i = 0; i < 2 * RL_AUDIT_LIMIT; i++)
		rl_options_add_audit(&options, i % 2 == 0 ? "a" : "");
	CHECK(options.audit_count == RL_AUDIT_LIMIT);
	rl_options_add_audit(&options, "b");
	rl_options_add_audit(&options, "c");
	CHECK(options.audit_count == RL_AUDIT_LIMIT + 1);
}

int main(void)
{
	ordinary_check();
	mask_check();
	secure_check();
	command_check();
	audit_check();
	return check_result();
}
