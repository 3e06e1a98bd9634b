/* Every shared library of the system: librelink loads it if the system's dlopen does, and finds the same symbols at the same
 * places.  Each is opened in two processes of its own, for constructors of strangers do as they please.
 *
 * every_library FOLDER…, absolute paths */
#define _GNU_SOURCE
#include <dirent.h>
#include <link.h>
#include <sys/wait.h>

#include "check.h"

enum { ANSWER_SIZE = 1024, SECONDS_EACH = 60 };

/* The symbols of one library: how many, and where, in one number. */
struct tally {
	relink_module *module;
	void *handle; /* of dlopen; NULL: librelink is asked */
	relink_info info;
	unsigned long count, sum;
};

static int symbol_count(void *user, const relink_symbol *symbol)
{
	struct tally *tally = user;
	/* Of unique symbols the process has one, wherever; of a name dlsym finds the default version. */
	if (symbol->type == STT_TLS || symbol->bind == STB_GNU_UNIQUE || symbol->value == 0
	    || (*symbol->version != '\0' && !symbol->is_default_version))
		return 0;
	void *address = tally->handle != NULL ? dlsym(tally->handle, symbol->name)
					      : relink_get(tally->module, symbol->name);
	unsigned long hash = 5381;
	if (symbol->type == STT_GNU_IFUNC
	    && ((uintptr_t)address < tally->info.map_start || (uintptr_t)address >= tally->info.map_end))
		return 0; /* the kernel's */
	for (const char *at = symbol->name; *at != '\0'; at++)
		hash = hash * 33 + (unsigned char)*at;
	tally->count++;
	tally->sum += hash * ((uintptr_t)address - tally->info.bias + 1);
	return 0;
}

static void by_dlopen(relink_context *context, const char *path, char *answer)
{
	relink_error error;
	struct tally tally = {.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
	struct link_map *map;
	if (tally.handle == NULL || dlinfo(tally.handle, RTLD_DI_LINKMAP, &map) != 0
	    || relink_open(context, map->l_name, NULL, &tally.module, &error) != RELINK_OK) {
		snprintf(answer, ANSWER_SIZE, "not loaded: %s", dlerror());
		return;
	}
	relink_get_info(tally.module, &tally.info);
	relink_each_symbol(tally.module, symbol_count, &tally);
	snprintf(answer, ANSWER_SIZE, "%lu symbols, %lx", tally.count, tally.sum);
	relink_unref(tally.module);
	dlclose(tally.handle);
}

static void by_relink(relink_context *context, const char *path, char *answer)
{
	relink_error error;
	relink_input input = relink_path(path);
	relink_options options = {.flags = RELINK_ONLY_LIBRARY};
	struct tally tally = {0};
	if (relink_load(context, &input, &options, &tally.module, &error) != RELINK_OK) {
		size_t length = (size_t)snprintf(answer, ANSWER_SIZE, "not loaded: ");
		relink_error_format(&error, answer + length, ANSWER_SIZE - length);
		return;
	}
	relink_get_info(tally.module, &tally.info);
	relink_each_symbol(tally.module, symbol_count, &tally);
	snprintf(answer, ANSWER_SIZE, "%lu symbols, %lx", tally.count, tally.sum);
	relink_unref(tally.module);
}

/* What a child says about PATH; how it ended, if not well, comes first. */
static void ask(void (*how)(relink_context *, const char *, char *), const char *path, char *answer)
{
	int ends[2];
	memset(answer, 0, ANSWER_SIZE);
	if (pipe(ends) != 0)
		return;
	pid_t child = fork();
	if (child == 0) {
		relink_context *context;
		char told[ANSWER_SIZE] = "";
		int nowhere = open("/dev/null", O_RDWR), answers = dup(ends[1]);
		alarm(SECONDS_EACH);
		dup2(nowhere, 0), dup2(nowhere, 1), dup2(nowhere, 2);
		if (relink_context_new(0, &context, NULL) == RELINK_OK && relink_search_system(context) == RELINK_OK)
			how(context, path, told);
		(void)!write(answers, told, strlen(told));
		_exit(0);
	}
	close(ends[1]);
	size_t length = 0;
	for (ssize_t count; (count = read(ends[0], answer + length, ANSWER_SIZE - 64 - length)) > 0;)
		length += (size_t)count;
	close(ends[0]);
	int status = 0;
	waitpid(child, &status, 0);
	if (status != 0)
		snprintf(answer, ANSWER_SIZE, "ended with status %#x", (unsigned)status);
}

/* Failures have words of their own on either side, and a library that ends the process may do so in its way. */
static int is_same(const char *theirs, const char *ours)
{
	static const char *const failures[] = {"not loaded", "ended"};
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
		if (strncmp(theirs, failures[i], strlen(failures[i])) == 0)
			return strncmp(ours, failures[0], strlen(failures[0])) == 0
			       || strncmp(ours, failures[1], strlen(failures[1])) == 0;
	return strcmp(theirs, ours) == 0;
}

static int is_library(const char *path)
{
	Elf64_Ehdr header;
	struct stat info;
	int fd = lstat(path, &info) == 0 && S_ISREG(info.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int is_one = fd >= 0 && read(fd, &header, sizeof header) == sizeof header
		     && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_type == ET_DYN;
	if (fd >= 0)
		close(fd);
	return is_one;
}

int main(int argc, char **argv)
{
	char path[4096], theirs[ANSWER_SIZE], ours[ANSWER_SIZE];
	unsigned count = 0, different = 0, loaded = 0;
	check_begin(); /* where some of them leave files */
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
			snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
			if (strstr(entry->d_name, ".so") == NULL || !is_library(path))
				continue;
			ask(by_dlopen, path, theirs);
			ask(by_relink, path, ours);
			count++;
			loaded += strncmp(theirs, "not", 3) != 0;
			if (is_same(theirs, ours))
				continue;
			different++;
			printf("%s\n\tdlopen: %s\n\trelink: %s\n", path, theirs, ours);
		}
		if (folder != NULL)
			closedir(folder);
	}
	printf("%u libraries, %u of them loaded by dlopen, %u different\n", count, loaded, different);
	CHECK(different == 0 && loaded >= 20);
	return check_end();
}
