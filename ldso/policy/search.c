/* The order of places: what ld.so tries, one after the other, until a file fits.  Called by the engine under the load
 * lock whenever a name is new.  Follows ld.so(8), "DESCRIPTION", and the original's use of system calls.
 */
#include "search.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "../link/object.h"
#include "state.h"

static const char cache_path[] = "/etc/ld.so.cache";

/* One search for one name.  Its steps return RL_OK when a file was opened, RL_FILE_NOT_FOUND to go on, and anything
 * else to give up, with the reason in diag. */
struct attempt {
	struct rl_search *search;
	const char *name;
	size_t length;
	struct rl_object *requester;
	struct rl_file *file;
	struct rl_diag *diag;
	bool found_other_class;
};

static enum rl_status out_of_memory(struct attempt *attempt)
{
	return rl_fail(attempt->diag, RL_NO_MEMORY, .subject = attempt->name, .error_number = ENOMEM);
}

/* Read the start of the file: a short read is repeated only while there is not even a header. */
static enum rl_status head_read(int fd, struct rl_file_head *head, int *out_error)
{
	*out_error = 0;
	head->size = 0;
	do {
		long size = rl_syscall3(SYS_read, fd, (long)(head->bytes + head->size),
					(long)(sizeof head->bytes - head->size));
		if (rl_sys_is_error(size))
			*out_error = (int)-size;
		if (size <= 0 || rl_sys_is_error(size))
			return *out_error != 0 ? RL_FILE_UNREADABLE : RL_FILE_TOO_SHORT;
		head->size += (size_t)size;
	} while (head->size < sizeof(Elf64_Ehdr));
	return RL_OK;
}

/* Open a candidate and look at its header.  Files for other machines are passed over. */
static enum rl_status candidate_open(struct attempt *attempt, const char *path)
{
	struct rl_search *search = attempt->search;
	struct rl_file *file = attempt->file;
	long fd = rl_sys_open(path);
	if (rl_sys_is_error(fd)) {
		search->last_error = (int)-fd;
		return RL_FILE_NOT_FOUND;
	}
	int error = 0;
	enum rl_status status = head_read((int)fd, &file->head, &error);
	if (status == RL_OK)
		status = rl_header_check(&file->head);
	search->last_error = error;
	if (status == RL_OK) {
		file->fd = (int)fd;
		return RL_OK;
	}
	rl_sys_close((int)fd);
	if (status == RL_ELF_CLASS || status == RL_ELF_MACHINE) {
		attempt->found_other_class |= status == RL_ELF_CLASS;
		search->last_error = ENOENT;
		return RL_FILE_NOT_FOUND;
	}
	return rl_fail(attempt->diag, status, .subject = path, .error_number = error);
}

/* In a secure process a preload must be marked as fit for it by its set-user-ID bit. */
static bool preload_is_refused(struct attempt *attempt)
{
	if (!attempt->search->is_preloading || !attempt->search->options->is_secure)
		return false;
	struct stat stat;
	return rl_sys_stat_fd(attempt->file->fd, &stat) != 0 || (stat.st_mode & S_ISUID) == 0;
}

/* After a failure in a directory nobody has looked at: does it exist at all?  PATH is cut in front of the name. */
static enum rl_directory_state directory_probe(struct rl_search *search, const char *path)
{
	struct stat stat;
	long result = rl_sys_stat(path, &stat);
	if (rl_sys_is_error(result)) {
		search->last_error = (int)-result;
		return RL_DIRECTORY_MISSING;
	}
	return S_ISDIR(stat.st_mode) ? RL_DIRECTORY_EXISTS : RL_DIRECTORY_MISSING;
}

/* Try one subdirectory of a directory, whose name is in the search's buffer already. */
static enum rl_status subdirectory_try(struct attempt *attempt, struct rl_directory *directory, unsigned index)
{
	struct rl_search *search = attempt->search;
	const struct rl_subdirectory *subdirectory = &search->hwcaps.subdirectories[index];
	char *end = search->buffer + directory->length;
	memcpy(end, subdirectory->name, subdirectory->length);
	end += subdirectory->length;
	memcpy(end, attempt->name, attempt->length + 1);

	if (rl_search_is_watched(search))
		rl_search_tell(search, RL_SEARCH_FILE, search->buffer);
	enum rl_status status = candidate_open(attempt, search->buffer);
	if (directory->states[index] == RL_DIRECTORY_UNKNOWN) {
		if (status == RL_FILE_NOT_FOUND) {
			/* The slash goes too: for "/" that leaves "", which never exists; so it is in the original. */
			end[-1] = '\0';
			directory->states[index] = (unsigned char)directory_probe(search, search->buffer);
			end[-1] = '/';
		} else if (status == RL_OK) {
			directory->states[index] = RL_DIRECTORY_EXISTS;
		}
	}
	if (status == RL_OK && preload_is_refused(attempt)) {
		rl_sys_close(attempt->file->fd);
		search->last_error = ENOENT;
		return RL_FILE_NOT_FOUND;
	}
	return status;
}

/* Try a directory with all its subdirectories.  *OUT_EXISTS: any of them is there. */
static enum rl_status directory_try(struct attempt *attempt, struct rl_directory *directory, bool *out_exists)
{
	struct rl_search *search = attempt->search;
	memcpy(search->buffer, directory->name, directory->length);
	bool exists = false;
	enum rl_status status = RL_FILE_NOT_FOUND;
	for (unsigned i = 0; i < search->hwcaps.count && status == RL_FILE_NOT_FOUND; i++) {
		if (directory->states[i] == RL_DIRECTORY_MISSING)
			continue;
		status = subdirectory_try(attempt, directory, i);
		exists |= directory->states[i] != RL_DIRECTORY_MISSING;
	}
	directory->is_missing = status == RL_FILE_NOT_FOUND && !exists;
	*out_exists = exists;
	return status;
}

static bool buffer_reserve(struct rl_search *search, size_t size)
{
	if (size <= search->buffer_size)
		return true;
	char *buffer = rl_heap_take(size);
	if (buffer == NULL)
		return false;
	rl_heap_give(search->buffer);
	search->buffer = buffer;
	search->buffer_size = size;
	return true;
}

/* Try the directories of LIST (NULL: none) in order. */
static enum rl_status list_try(struct attempt *attempt, const struct rl_directory_list *list, const char *kind,
			       const struct rl_object *owner)
{
	struct rl_search *search = attempt->search;
	if (list == NULL)
		return RL_FILE_NOT_FOUND;
	if (!buffer_reserve(search, search->directories.longest + search->hwcaps.longest + attempt->length + 1))
		return out_of_memory(attempt);
	if (rl_search_is_watched(search))
		rl_search_tell_list(search, list, kind, owner);
	for (size_t i = 0; i < list->count; i++) {
		bool exists = false;
		if (list->items[i]->is_missing)
			continue;
		enum rl_status status = directory_try(attempt, list->items[i], &exists);
		if (status == RL_OK) {
			attempt->file->path = rl_heap_string(search->buffer);
			if (attempt->file->path != NULL)
				return RL_OK;
			rl_sys_close(attempt->file->fd);
			return out_of_memory(attempt);
		}
		if (status != RL_FILE_NOT_FOUND)
			return status;
		/* Trouble with a file that is there ends this list, not the search. */
		if (exists && search->last_error != ENOENT && search->last_error != EACCES)
			break;
	}
	return RL_FILE_NOT_FOUND;
}

/* Try the list that READ gives for OBJECT; KIND: what it is called. */
static enum rl_status place_try(struct attempt *attempt, struct rl_object *object, const char *kind,
				bool (*read)(struct rl_search *, struct rl_object *, struct rl_directory_list **))
{
	struct rl_directory_list *list = NULL;
	bool is_own = read == rl_search_rpath || read == rl_search_runpath;
	return read(attempt->search, object, &list) ? list_try(attempt, list, kind, is_own ? object : NULL)
						    : out_of_memory(attempt);
}

/* The RPATHs of the requester and of who loaded it, up to the program, whose RPATH counts in any case. */
static enum rl_status rpaths_try(struct attempt *attempt)
{
	struct rl_object *program = attempt->search->program;
	bool was_program = program == NULL;
	enum rl_status status = RL_FILE_NOT_FOUND;
	for (struct rl_object *object = attempt->requester; object != NULL && status == RL_FILE_NOT_FOUND;
	     object = object->loader) {
		status = place_try(attempt, object, "RPATH", rl_search_rpath);
		was_program |= object == program;
	}
	return status == RL_FILE_NOT_FOUND && !was_program ? place_try(attempt, program, "RPATH", rl_search_rpath) : status;
}

int rl_whole_file_map(const char *path, int protection, struct rl_whole_file *out_file)
{
	*out_file = (struct rl_whole_file){0};
	long fd = rl_sys_open(path);
	if (rl_sys_is_error(fd))
		return (int)-fd;
	struct stat stat;
	long result = rl_sys_stat_fd((int)fd, &stat);
	if (!rl_sys_is_error(result) && stat.st_size != 0) {
		result = rl_sys_map(0, (size_t)stat.st_size, protection, MAP_PRIVATE, (int)fd, 0);
		if (!rl_sys_is_error(result))
			*out_file = (struct rl_whole_file){(void *)result, (size_t)stat.st_size};
	}
	rl_sys_close((int)fd);
	return rl_sys_is_error(result) ? (int)-result : 0;
}

/* The cache, mapped on first use; NULL if there is none that can be used. */
static const struct rl_cache *cache_get(struct rl_search *search)
{
	if (!search->is_cache_tried) {
		struct rl_whole_file file;
		search->is_cache_tried = true;
		int error = rl_whole_file_map(cache_path, PROT_READ, &file);
		if (error != 0)
			search->last_error = error;
		search->has_cache = file.bytes != NULL && rl_cache_read(file.bytes, file.size, &search->cache);
		if (file.bytes != NULL && !search->has_cache)
			rl_sys_unmap((uintptr_t)file.bytes, file.size);
	}
	return search->has_cache ? &search->cache : NULL;
}

static bool is_default_path(const char *path)
{
	for (unsigned i = 0; i < RL_DEFAULT_DIRECTORY_COUNT; i++) {
		size_t length;
		const char *directory = rl_default_directory(i, &length);
		if (strncmp(path, directory, length) == 0)
			return true;
	}
	return false;
}

/* Whether the default directories do not count for this search (DF_1_NODEFLIB). */
static bool defaults_are_refused(const struct attempt *attempt)
{
	const struct rl_object *object = attempt->requester != NULL ? attempt->requester : attempt->search->program;
	return object != NULL && (object->dynamic.flags_1 & DF_1_NODEFLIB) != 0;
}

static enum rl_status cache_try(struct attempt *attempt)
{
	struct rl_search *search = attempt->search;
	if (search->options->inhibits_cache || (search->is_preloading && search->options->is_secure))
		return RL_FILE_NOT_FOUND;
	if (rl_search_is_watched(search))
		rl_search_tell(search, RL_SEARCH_CACHE, cache_path);
	const struct rl_cache *cache = cache_get(search);
	const char *path = cache != NULL ? rl_cache_find(cache, attempt->name, &search->hwcaps) : NULL;
	if (path == NULL || (defaults_are_refused(attempt) && is_default_path(path)))
		return RL_FILE_NOT_FOUND;
	if (rl_search_is_watched(search))
		rl_search_tell(search, RL_SEARCH_FILE, path);
	enum rl_status status = candidate_open(attempt, path);
	if (status != RL_OK)
		return status;
	attempt->file->path = rl_heap_string(path);
	if (attempt->file->path != NULL)
		return RL_OK;
	rl_sys_close(attempt->file->fd);
	return out_of_memory(attempt);
}

/* A name without a slash: the places in their order. */
static enum rl_status places_try(struct attempt *attempt)
{
	struct rl_search *search = attempt->search;
	struct rl_object *requester = attempt->requester;
	enum rl_status status = RL_FILE_NOT_FOUND;
	if (requester == NULL || requester->dynamic.runpath == NULL)
		status = rpaths_try(attempt);
	if (status == RL_FILE_NOT_FOUND && search->program != NULL)
		status = place_try(attempt, requester, search->options->library_path_source, rl_search_library_path);
	if (status == RL_FILE_NOT_FOUND && requester != NULL)
		status = place_try(attempt, requester, "RUNPATH", rl_search_runpath);
	if (status == RL_FILE_NOT_FOUND)
		status = cache_try(attempt);
	if (status == RL_FILE_NOT_FOUND && search->program != NULL && !defaults_are_refused(attempt))
		status = place_try(attempt, requester, "system search path", rl_search_defaults);
	return status;
}

/* A name with a slash: the file itself. */
static enum rl_status path_try(struct attempt *attempt)
{
	struct rl_object *requester = attempt->requester;
	char *path;
	if (requester != NULL && rl_tokens_in(attempt->name, attempt->length) != 0) {
		struct rl_token_values values =
			rl_search_token_values(attempt->search, requester, attempt->name, attempt->length);
		path = rl_tokens_expand(&values, attempt->name, attempt->length);
	} else {
		path = rl_heap_string(attempt->name);
	}
	if (path == NULL)
		return out_of_memory(attempt);
	enum rl_status status = candidate_open(attempt, path);
	if (status == RL_OK)
		attempt->file->path = path;
	else
		rl_heap_give(path);
	return status;
}

static enum rl_status search_find(void *context, const char *name, struct rl_object *requester,
				  struct rl_namespace *namespace, struct rl_file *out_file, struct rl_diag *diag)
{
	(void)namespace; /* the places are the same in all */
	struct attempt attempt = {
		.search = context,
		.name = name,
		.length = strlen(name),
		.requester = requester,
		.file = out_file,
		.diag = diag,
	};
	enum rl_status status = memchr(name, '/', attempt.length) != NULL ? path_try(&attempt) : places_try(&attempt);
	if (status != RL_FILE_NOT_FOUND)
		return status;
	const char *asker = requester != NULL ? requester->path : NULL;
	if (attempt.found_other_class)
		return rl_fail(diag, RL_ELF_CLASS, .subject = name, .requester = asker);
	return rl_fail(diag, RL_FILE_NOT_FOUND, .subject = name, .requester = asker,
		       .error_number = attempt.search->last_error);
}

static void search_forget(void *context, struct rl_object *object)
{
	(void)context;
	struct rl_object_directories *own = object->policy;
	if (own == NULL)
		return;
	rl_directories_drop(&own->rpath);
	rl_directories_drop(&own->runpath);
	rl_heap_give(own);
	object->policy = NULL;
}

/* Tokens in DT_NEEDED: a secure process has none of it. */
static enum rl_status search_expand(void *context, const char *name, struct rl_object *requester, char **out_name,
				    struct rl_diag *diag)
{
	struct rl_search *search = context;
	size_t length = strlen(name);
	if (rl_tokens_in(name, length) == 0) {
		*out_name = NULL;
		return RL_OK;
	}
	if (search->options->is_secure)
		return rl_fail(diag, RL_TOKEN_FORBIDDEN, .subject = name);
	struct rl_token_values values = rl_search_token_values(search, requester, name, length);
	char *expanded = rl_tokens_expand(&values, name, length);
	if (expanded == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .subject = name, .error_number = ENOMEM);
	if (*expanded == '\0') {
		rl_heap_give(expanded);
		return rl_fail(diag, RL_TOKEN_EMPTY, .subject = name);
	}
	*out_name = expanded;
	return RL_OK;
}

struct rl_search *rl_search_make(const struct rl_options *options, const struct rl_search_machine *machine)
{
	struct rl_search *search = rl_heap_take(sizeof *search);
	if (search == NULL)
		return NULL;
	search->options = options;
	search->machine = machine;
	rl_hwcaps_init(&search->hwcaps, options, machine);
	search->directories.hwcaps = &search->hwcaps;
	return search;
}

static void search_settle(void *context)
{
	rl_search_settle(context);
}

struct rl_policy rl_search_policy(struct rl_search *search)
{
	return (struct rl_policy){
		.context = search,
		.find = search_find,
		.settle = search_settle,
		.forget = search_forget,
		.expand = search_expand,
	};
}

void rl_search_set_program(struct rl_search *search, struct rl_object *program, const char *path)
{
	search->program = program;
	if (path != NULL && program->origin == NULL)
		rl_tokens_origin_of(program, path);
}

void rl_search_settle(struct rl_search *search)
{
	if (search->has_cache)
		rl_sys_unmap((uintptr_t)search->cache.file, search->cache.file_size);
	/* Without a usable file there will be no second try, as in the original. */
	search->is_cache_tried = !search->has_cache && search->is_cache_tried;
	search->has_cache = false;
}

const char *rl_search_origin(struct rl_search *search, struct rl_object *object)
{
	return rl_tokens_origin(object, search->options);
}
