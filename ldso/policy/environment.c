/* Reading the environment, once, before anything is opened.  In a secure process (AT_SECURE) it also takes away the
 * variables that could make a child or libc trust its caller.  Follows ld.so(8), "ENVIRONMENT".
 */
#define _GNU_SOURCE /* strchrnul */
#include "options.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "../../arch/port.h"

enum variable_kind {
	WARN,
	DEBUG,
	AUDIT,
	VERBOSE,
	PRELOAD,
	PROFILE,
	BIND_NOW,
	BIND_NOT,
	SHOW_AUXV,
	HWCAP_MASK,
	ORIGIN_PATH,
	LIBRARY_PATH,
	DEBUG_OUTPUT,
	DYNAMIC_WEAK,
	PROFILE_OUTPUT,
	TRACE_LOADED_OBJECTS,
};

/* Names without "LD_".  Arrays of characters, so that the table needs no relocation. */
static const struct {
	char name[21];
	unsigned char length;
	bool is_for_secure; /* heeded in a secure process as well */
} variables[] = {
	[WARN] = {"WARN", 4, true},
	[DEBUG] = {"DEBUG", 5, true},
	[AUDIT] = {"AUDIT", 5, true},
	[VERBOSE] = {"VERBOSE", 7, true},
	[PRELOAD] = {"PRELOAD", 7, true},
	[PROFILE] = {"PROFILE", 7, true},
	[BIND_NOW] = {"BIND_NOW", 8, true},
	[BIND_NOT] = {"BIND_NOT", 8, true},
	[SHOW_AUXV] = {"SHOW_AUXV", 9, false},
	[HWCAP_MASK] = {"HWCAP_MASK", 10, false},
	[ORIGIN_PATH] = {"ORIGIN_PATH", 11, false},
	[LIBRARY_PATH] = {"LIBRARY_PATH", 12, false},
	[DEBUG_OUTPUT] = {"DEBUG_OUTPUT", 12, false},
	[DYNAMIC_WEAK] = {"DYNAMIC_WEAK", 12, false},
	[PROFILE_OUTPUT] = {"PROFILE_OUTPUT", 14, false},
	[TRACE_LOADED_OBJECTS] = {"TRACE_LOADED_OBJECTS", 20, true},
};

/* Removed from the environment of a secure process, each name ended by NUL. */
static const char unsafe_names[] =
	"GCONV_PATH\0GETCONF_DIR\0HOSTALIASES\0LD_AUDIT\0LD_DEBUG\0LD_DEBUG_OUTPUT\0LD_DYNAMIC_WEAK\0"
	"LD_HWCAP_MASK\0LD_LIBRARY_PATH\0LD_ORIGIN_PATH\0LD_PRELOAD\0LD_PROFILE\0LD_SHOW_AUXV\0LOCALDOMAIN\0"
	"LOCPATH\0MALLOC_TRACE\0NIS_PATH\0NLSPATH\0RESOLV_HOST_CONF\0RES_OPTIONS\0TMPDIR\0TZDIR\0";

/* Tunables that a secure process hands on to its children; all others are cut out of GLIBC_TUNABLES. */
static const char harmless_tunables[] =
	"glibc.malloc.top_pad\0glibc.malloc.perturb\0glibc.malloc.mmap_threshold\0glibc.malloc.trim_threshold\0"
	"glibc.malloc.mmap_max\0glibc.malloc.arena_max\0glibc.malloc.arena_test\0glibc.malloc.mxfast\0"
	"glibc.mem.tagging\0";

static const char tunables_name[] = "GLIBC_TUNABLES";
static const char mask_tunable[] = "glibc.cpu.hwcap_mask";
static const char sort_tunable[] = "glibc.rtld.dynamic_sort";

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* The number at the start of TEXT, C notation, saturating; 0 if there is none. */
static uint64_t number_read(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	bool is_negative = *text == '-';
	if (*text == '-' || *text == '+')
		text++;
	int base = 10;
	if (*text == '0') {
		bool is_hex = text[1] == 'x' || text[1] == 'X';
		base = is_hex ? 16 : 8;
		text += is_hex ? 2 : 0;
	}
	uint64_t value = 0;
	for (int digit; (digit = digit_value(*text)) < base; text++)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value)
		    || __builtin_add_overflow(value, (uint64_t)digit, &value))
			return UINT64_MAX;
	return is_negative ? -value : value;
}

void rl_options_add_audit(struct rl_options *options, const char *list)
{
	if (*list == '\0')
		return;
	if (options->audit_count < RL_AUDIT_LIMIT)
		options->audit[options->audit_count] = list;
	if (options->audit_count <= RL_AUDIT_LIMIT)
		options->audit_count++;
}

static void option_set(struct rl_options *options, enum variable_kind kind, const char *value)
{
	bool is_set = *value != '\0';
	switch (kind) {
	case WARN:
		options->warns = is_set;
		break;
	case DEBUG:
		options->debug = value;
		break;
	case AUDIT:
		rl_options_add_audit(options, value);
		break;
	case VERBOSE:
		options->shows_versions = is_set;
		break;
	case PRELOAD:
		options->preload_environment = value;
		break;
	case PROFILE:
		options->profile = is_set ? value : options->profile;
		break;
	case BIND_NOW:
		options->binds_now = is_set;
		break;
	case BIND_NOT:
		options->binds_not = is_set;
		break;
	case SHOW_AUXV:
		options->shows_auxv = true;
		break;
	case HWCAP_MASK:
		if (!options->has_hwcap_mask)
			options->hwcap_mask = number_read(value);
		options->has_hwcap_mask = true;
		break;
	case ORIGIN_PATH:
		options->origin_path = value;
		break;
	case LIBRARY_PATH:
		options->library_path = value;
		options->library_path_source = "LD_LIBRARY_PATH";
		break;
	case DEBUG_OUTPUT:
		options->debug_output = value;
		break;
	case DYNAMIC_WEAK:
		options->has_dynamic_weak = true;
		break;
	case PROFILE_OUTPUT:
		options->profile_output = is_set ? value : options->profile_output;
		break;
	case TRACE_LOADED_OBJECTS:
		options->mode = RL_MODE_TRACE;
		options->traces_program = number_read(value) > 1;
		break;
	}
}

/* NAME is what follows "LD_".  A name without '=' sets nothing. */
static void variable_read(struct rl_options *options, const char *name)
{
	const char *end = strchrnul(name, '=');
	if (*end == '\0')
		return;
	size_t length = (size_t)(end - name);
	for (unsigned kind = 0; kind < sizeof variables / sizeof *variables; kind++) {
		if (variables[kind].length != length || memcmp(name, variables[kind].name, length) != 0)
			continue;
		if (!options->is_secure || variables[kind].is_for_secure)
			option_set(options, kind, end + 1);
		return;
	}
}

/* The value of the tunable whose assignment begins at TEXT; NULL: it is another. */
static const char *tunable_value(const char *text, const char *name, size_t length)
{
	return strncmp(text, name, length) == 0 && text[length] == '=' ? text + length + 1 : NULL;
}

/* The tunables that the engine itself obeys.  Tunables win over the variables that stand for them. */
static void tunables_read(struct rl_options *options)
{
	const char *cursor = options->tunables;
	while (cursor != NULL && *cursor != '\0') {
		const char *mask = tunable_value(cursor, mask_tunable, sizeof mask_tunable - 1);
		const char *sort = tunable_value(cursor, sort_tunable, sizeof sort_tunable - 1);
		if (mask != NULL) {
			options->hwcap_mask = number_read(mask);
			options->has_hwcap_mask = true;
		}
		uint64_t way = sort == NULL ? 0 : number_read(sort);
		if (way == 1 || way == 2) /* 2 is the usual way, and nothing else is a value */
			options->sorts_by_moves = way == 1;
		cursor = strchr(cursor, ':');
		if (cursor != NULL)
			cursor++;
	}
}

static bool name_is_in(const char *list, const char *name, size_t length)
{
	for (; *list != '\0'; list += strlen(list) + 1)
		if (strncmp(list, name, length) == 0 && list[length] == '\0')
			return true;
	return false;
}

/* Cut all but the harmless assignments out of the list at VALUE, in place. */
static void tunables_trim(char *value)
{
	char *out = value;
	char *cursor = value;
	bool is_last = false;
	while (!is_last) {
		char *end = strchrnul(cursor, ':');
		is_last = *end == '\0';
		char *equals = memchr(cursor, '=', (size_t)(end - cursor));
		if (equals != NULL && name_is_in(harmless_tunables, cursor, (size_t)(equals - cursor))) {
			if (out != value)
				*out++ = ':';
			size_t size = (size_t)(end - cursor);
			memmove(out, cursor, size);
			out += size;
		}
		cursor = end + 1;
	}
	*out = '\0';
}

static bool suid_debug_exists(void)
{
	return rl_syscall3(SYS_faccessat, AT_FDCWD, (long)"/etc/suid-debug", 0 /* F_OK */) == 0;
}

/* Take the unsafe variables away, closing the gaps. */
static void environment_clean(char **envp, bool keeps_malloc_check)
{
	char **out = envp;
	for (char **entry = envp; *entry != NULL; entry++) {
		const char *equals = strchr(*entry, '=');
		size_t length = equals == NULL ? 0 : (size_t)(equals - *entry);
		if (length != 0) {
			if (name_is_in(unsafe_names, *entry, length))
				continue;
			if (!keeps_malloc_check && name_is_in("MALLOC_CHECK_\0", *entry, length))
				continue;
			if (name_is_in("GLIBC_TUNABLES\0", *entry, length))
				tunables_trim(*entry + length + 1);
		}
		*out++ = *entry;
	}
	*out = NULL;
}

void rl_options_read_environment(struct rl_kernel *kernel, struct rl_options *out_options)
{
	memset(out_options, 0, sizeof *out_options);
	out_options->is_secure = kernel->aux[AT_SECURE] != 0;
	for (char **entry = kernel->envp; *entry != NULL; entry++) {
		const char *text = *entry;
		if (text[0] == 'L' && text[1] == 'D' && text[2] == '_')
			variable_read(out_options, text + 3);
		else if (text[0] == 'G' && strncmp(text, tunables_name, sizeof tunables_name - 1) == 0
			 && text[sizeof tunables_name - 1] == '=' && !out_options->is_secure)
			out_options->tunables = text + sizeof tunables_name;
	}
	if (out_options->tunables != NULL)
		tunables_read(out_options);
	if (!out_options->is_secure)
		return;
	bool debugs = suid_debug_exists();
	environment_clean(kernel->envp, debugs);
	if (!debugs)
		out_options->debug = NULL;
}
