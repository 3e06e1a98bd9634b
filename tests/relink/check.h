/* What the tests of librelink share: the checks of the unit tests, and fixtures that the compiler builds when the test starts, into
 * a folder that goes with it. */
#ifndef RELINK_TEST_CHECK_H
#define RELINK_TEST_CHECK_H

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../include/relink.h"
#include "../unit/check.h"

/* Built with the address sanitizer. */
#if defined __SANITIZE_ADDRESS__
#define CHECK_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define CHECK_SANITIZED 1
#endif
#endif
#ifndef CHECK_SANITIZED
#define CHECK_SANITIZED 0
#endif

static char check_folder[64];

/* A command as it is. */
static inline void check_run(const char *command)
{
	check_command("%s", command);
}

static inline void check_begin(void)
{
	strcpy(check_folder, "/tmp/relink-test-XXXXXX");
	NEED(mkdtemp(check_folder) != NULL);
	NEED(chdir(check_folder) == 0);
}

static inline int check_end(void)
{
	NEED(chdir("/") == 0);
	check_command("rm -rf %s", check_folder);
	return check_result();
}

/* Build NAME in the folder from SOURCE with FLAGS; the suffix of LANGUAGE is that of the source. */
static inline void check_build(const char *compiler, const char *language, const char *name, const char *source,
			       const char *flags)
{
	char path[256];
	snprintf(path, sizeof path, "%s.%s", name, language);
	FILE *file = fopen(path, "w");
	NEED(file != NULL);
	fputs(source, file);
	fclose(file);
	check_command("env -u ASAN_OPTIONS %s -w -O1 -o %s %s %s", compiler, name, path, flags);
}

static inline void check_library(const char *name, const char *source, const char *flags)
{
	char all[1024];
	snprintf(all, sizeof all, "-shared -fPIC -Wl,-soname,%s -L. %s", name, flags);
	check_build("cc", "c", name, source, all);
}

/* What must not fail: otherwise SUBJECT's ERROR is told, and the test ends. */
static inline void check_ok(relink_status status, const char *subject, const relink_error *error)
{
	char text[900];
	if (status == RELINK_OK)
		return;
	relink_error_format(error, text, sizeof text);
	fprintf(stderr, "%s: %s\n", subject, text);
	exit(1);
}

/* A module that must load. */
static inline relink_module *check_load_with(relink_context *context, const char *path, const relink_options *options)
{
	relink_input input = relink_path(path);
	relink_module *module = NULL;
	relink_error error;
	check_ok(relink_load(context, &input, options, &module, &error), path, &error);
	return module;
}

static inline relink_module *check_load(relink_context *context, const char *path, unsigned flags)
{
	relink_options options = {.flags = flags};
	return check_load_with(context, path, &options);
}

static inline relink_status check_refused(relink_context *context, const relink_input *input, unsigned flags,
					  relink_error *out_error)
{
	relink_options options = {.flags = flags};
	relink_module *module = NULL;
	relink_status status = relink_load(context, input, &options, &module, out_error);
	CHECK(status == RELINK_OK || (module == NULL && out_error->status == status));
	if (status == RELINK_OK)
		relink_unref(module);
	return status;
}

static inline relink_context *check_context(unsigned flags)
{
	relink_context *context = NULL;
	relink_error error;
	NEED(relink_context_new(flags, &context, &error) == RELINK_OK);
	return context;
}

/* Call the function NAME of the module, which takes nothing and returns an int. */
static inline int check_call(relink_module *module, const char *name)
{
	int (*function)(void) = RELINK_GET(module, int (*)(void), name);
	if (function == NULL) {
		fprintf(stderr, "no function %s\n", name);
		exit(1);
	}
	return function();
}

/* Whether /proc/self/maps names FILE. */
static inline int check_is_mapped(const char *file)
{
	char line[512];
	int found = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, maps) != NULL)
		found |= strstr(line, file) != NULL;
	fclose(maps);
	return found;
}

/* Whether OURS, what the constructors and destructors of the library FILE wrote into "notes" of the library NOTES, is what
 * they write if the system's dlopen loads and closes it; SUBJECT tells what was built. */
static inline int check_notes(const char *ours, const char *notes, const char *file, const char *subject)
{
	void *note_handle = dlopen(notes, RTLD_NOW), *handle = dlopen(file, RTLD_NOW);
	NEED(note_handle != NULL && handle != NULL);
	dlclose(handle);
	const char *theirs = dlsym(note_handle, "notes");
	int is_same = strcmp(ours, theirs) == 0;
	if (!is_same)
		fprintf(stderr, "%s: ours %s, the system's %s\n", subject, ours, theirs);
	dlclose(note_handle);
	return is_same;
}

#endif
