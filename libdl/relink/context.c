/* Contexts, and which file a name means in them: resolvers, then places in the order in which they were added. */
#include <errno.h>
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/link/list.h"
#include "../../ldso/link/namespace.h"
#include "../../ldso/policy/tokens.h"
#include "closure.h"
#include "log.h"

/* What a resolver answered: claim asks it, find is asked right afterwards.  Under the lock. */
static struct {
	bool is_set;
	struct rl_file file;
	struct rl_input_source source;
	relink_input input;
} answered;

/* One search for one name. */
struct attempt {
	const char *name;
	struct rl_object *requester;
	struct rl_file *file;
	struct rl_diag *diag;
	int error; /* errno of the last try */
	struct rl_log *log; /* the context's */
};

/* Try PATH, a heap string that is taken.  RL_FILE_NOT_FOUND: go on. */
static enum rl_status path_try(struct attempt *attempt, char *path)
{
	if (path == NULL)
		return rl_fail(attempt->diag, RL_NO_MEMORY, .subject = attempt->name);
	relink_input input = relink_path(path);
	struct rl_input_source source;
	struct rl_diag diag = RL_DIAG_NONE;
	if (rl_log_wants(attempt->log, RELINK_LOG_LIBS) && strchr(attempt->name, '/') == NULL)
		rl_log_write(attempt->log, RELINK_LOG_LIBS, "  trying file=%s\n", path);
	enum rl_status status = rl_input_open(&input, &source, attempt->file, &diag);
	if (status == RL_FILE_NOT_FOUND || status == RL_ELF_CLASS || status == RL_ELF_MACHINE) {
		attempt->error = status == RL_FILE_NOT_FOUND ? diag.error_number : ENOENT;
		status = RL_FILE_NOT_FOUND;
	} else if (status != RL_OK) {
		(void)rl_fail(attempt->diag, status, .subject = path, .error_number = diag.error_number,
			      .value = diag.value);
	}
	rl_diag_drop(&diag);
	rl_heap_give(path);
	return status;
}

/* DIRECTORY/NAME with the tokens of OWNER's path replaced; a directory "" is the working directory. */
static char *path_make(const char *directory, size_t length, const char *name, struct rl_object *owner)
{
	struct rl_token_values values = {.lib = RL_PORT_LIB};
	static const struct rl_options no_options;
	if (owner != NULL)
		values.origin = rl_tokens_origin(owner, &no_options);
	char *expanded = rl_tokens_expand(&values, directory, length);
	if (expanded == NULL || (length != 0 && *expanded == '\0')) {
		rl_heap_give(expanded);
		return length == 0 || expanded == NULL ? NULL : rl_heap_string("");
	}
	size_t size = strlen(expanded) + strlen(name) + 3;
	char *path = rl_heap_take(size);
	if (path != NULL)
		rl_text_format(path, size, "%s/%s", *expanded == '\0' ? "." : expanded, name);
	rl_heap_give(expanded);
	return path;
}

/* The directories of LIST, which KIND says where it is from. */
static enum rl_status list_try(struct attempt *attempt, const char *list, struct rl_object *owner, const char *kind)
{
	if (list != NULL && rl_log_wants(attempt->log, RELINK_LOG_LIBS))
		rl_log_write(attempt->log, RELINK_LOG_LIBS, " search path=%s\t\t(%s)\n", list, kind);
	while (list != NULL) {
		const char *end = strchr(list, ':');
		size_t length = end == NULL ? strlen(list) : (size_t)(end - list);
		enum rl_status status = path_try(attempt, path_make(list, length, attempt->name, owner));
		if (status != RL_FILE_NOT_FOUND)
			return status;
		list = list[length] == '\0' ? NULL : list + length + 1;
	}
	return RL_FILE_NOT_FOUND;
}

/* DT_RUNPATH counts for the object's own needs, DT_RPATH for those of what it loaded, too. */
static enum rl_status runpath_try(struct attempt *attempt)
{
	struct rl_object *requester = attempt->requester;
	if (requester != NULL && requester->dynamic.runpath != NULL)
		return list_try(attempt, requester->dynamic.runpath, requester, "RUNPATH");
	enum rl_status status = RL_FILE_NOT_FOUND;
	for (struct rl_object *object = requester; object != NULL && status == RL_FILE_NOT_FOUND; object = object->loader)
		status = list_try(attempt, object->dynamic.rpath, object, "RPATH");
	return status;
}

static enum rl_status system_try(struct attempt *attempt, struct rl_namespace *space)
{
	struct rl_policy system = rl_search_policy(rl_engine.search);
	struct rl_diag diag = RL_DIAG_NONE;
	attempt->file->source = NULL;
	struct rl_search_listener listener = rl_log_search_listener(attempt->log);
	if (rl_log_wants(attempt->log, RELINK_LOG_LIBS))
		rl_search_listen(rl_engine.search, &listener);
	enum rl_status status =
		system.find(system.context, attempt->name, attempt->requester, space, attempt->file, &diag);
	rl_search_listen(rl_engine.search, NULL);
	if (status == RL_FILE_NOT_FOUND)
		attempt->error = diag.error_number;
	else if (status != RL_OK)
		(void)rl_fail(attempt->diag, status, .subject = diag.subject, .error_number = diag.error_number);
	rl_diag_drop(&diag);
	return status;
}

static enum rl_status places_try(struct attempt *attempt, relink_context *context)
{
	if (context->places == NULL)
		return runpath_try(attempt);
	enum rl_status status = RL_FILE_NOT_FOUND;
	for (struct rl_place *place = context->places; place != NULL && status == RL_FILE_NOT_FOUND;
	     place = place->next) {
		if (place->kind == RL_PLACE_DIRECTORIES)
			status = list_try(attempt, place->directories, attempt->requester,
					  "relink_search_directory");
		else
			status = place->kind == RL_PLACE_RUNPATH ? runpath_try(attempt)
								 : system_try(attempt, &context->space);
	}
	return status;
}

/* A name without a slash. */
static enum rl_status names_try(struct attempt *attempt, relink_context *context)
{
	bool is_told = rl_log_wants(attempt->log, RELINK_LOG_LIBS);
	if (is_told)
		rl_log_write(attempt->log, RELINK_LOG_LIBS, "find library=%s [%lu]; searching\n", attempt->name,
			     (unsigned long)context->space.id);
	enum rl_status status = places_try(attempt, context);
	if (is_told)
		rl_log_write(attempt->log, RELINK_LOG_LIBS, "\n");
	return status;
}

static enum rl_status find(void *unused, const char *name, struct rl_object *requester, struct rl_namespace *space,
			   struct rl_file *out_file, struct rl_diag *diag)
{
	(void)unused;
	relink_context *context = (relink_context *)space;
	struct attempt attempt = {name, requester, out_file, diag, ENOENT, NULL};
	enum rl_status status = RL_FILE_NOT_FOUND;
	if (answered.is_set) {
		answered.is_set = false;
		*out_file = answered.file;
		return RL_OK;
	}
	if (space != &rl_engine.linker.base) {
		attempt.log = &context->log;
		status = strchr(name, '/') != NULL ? path_try(&attempt, rl_heap_string(name))
						   : names_try(&attempt, context);
	}
	if (status != RL_FILE_NOT_FOUND)
		return status;
	return rl_fail(diag, status, .subject = name, .requester = requester == NULL ? NULL : requester->path,
		       .error_number = attempt.error);
}

struct rl_policy rl_context_policy(void)
{
	struct rl_policy policy = rl_search_policy(rl_engine.search);
	policy.find = find; /* the rest of it asks for the same context pointer */
	return policy;
}

/* Whether OBJECT of the host serves a context with FLAGS. */
static bool is_lent(const struct rl_object *object, unsigned flags)
{
	static const char *const parts[] = {"libc.", "libm.", "libdl.", "libpthread.", "librt.", "libresolv.", "libutil.",
					    "libanl.", "ld-linux", "ld-musl"};
	if (flags & RELINK_HOST_NONE)
		return false;
	if ((flags & RELINK_HOST_LIBC) == 0)
		return true;
	const char *name = object->dynamic.soname != NULL ? object->dynamic.soname : "";
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (strncmp(name, parts[i], strlen(parts[i])) == 0)
			return true;
	return false;
}

static struct rl_object *host_find(const char *name, unsigned flags)
{
	struct rl_namespace *base = &rl_engine.linker.base;
	struct rl_object *object = rl_namespace_find(base, name);
	struct stat info;
	if (object == NULL && strchr(name, '/') != NULL && !rl_sys_is_error(rl_sys_stat(name, &info)))
		object = rl_namespace_find_file(base, info.st_dev, info.st_ino);
	return object != NULL && !object->is_removed && is_lent(object, flags) ? object : NULL;
}

/* A resolver has answered.  A module is claimed, an input waits for find. */
static enum rl_status answer_take(relink_context *context, const relink_answer *answer, const char *name,
				  struct rl_object **out_object, struct rl_diag *diag)
{
	if (answer->module != NULL) {
		if (!rl_module_is_good(answer->module)
		    || (answer->module->context != NULL && answer->module->context != context))
			return rl_fail(diag, RL_REQUEST_HANDLE, .subject = name);
		*out_object = answer->module->object;
		return RL_OK;
	}
	answered.input = answer->input;
	RL_TRY(rl_input_open(&answered.input, &answered.source, &answered.file, diag));
	answered.is_set = true;
	return RL_OK;
}

enum rl_status rl_context_claim(void *unused, const char *name, struct rl_object *requester,
				struct rl_namespace *space, struct rl_object **out_object, struct rl_diag *diag)
{
	(void)unused;
	if (space == &rl_engine.linker.base)
		return RL_OK;
	relink_context *context = (relink_context *)space;
	if (context->closure != NULL) {
		RL_TRY(rl_closure_claim(context->closure, name, out_object, &answered.file, &answered.is_set, diag));
		if (*out_object != NULL || answered.is_set)
			return RL_OK;
	}
	relink_request request = {.name = name};
	if (requester != NULL) {
		request.requester = requester->path;
		request.rpath = requester->dynamic.rpath;
		request.runpath = requester->dynamic.runpath;
	}
	for (struct rl_resolver *resolver = context->resolvers; resolver != NULL; resolver = resolver->next) {
		relink_answer answer = {0};
		int result = resolver->function(resolver->user, &request, &answer);
		if (result < 0)
			return rl_fail(diag, RL_REFUSED, .subject = name, .requester = request.requester);
		if (result > 0)
			return answer_take(context, &answer, name, out_object, diag);
	}
	*out_object = host_find(name, context->flags);
	return RL_OK;
}

/* The input that a resolver answered, as a scan. */
static relink_status answer_scan(relink_scan **out_scan, relink_error *error)
{
	relink_input input = answered.input;
	answered.is_set = false;
	relink_status status = relink_scan_new(&input, out_scan, error);
	rl_heap_give(answered.file.path);
	rl_input_close(&answered.file);
	return status;
}

static relink_status look(relink_context *context, const char *name, struct rl_object *requester,
			  struct rl_object **out_object, relink_scan **out_scan, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	*out_object = rl_namespace_find(&context->space, name);
	enum rl_status status = RL_OK;
	if (*out_object == NULL)
		status = rl_context_claim(NULL, name, requester, &context->space, out_object, &diag);
	if (status != RL_OK)
		return rl_error_take(&diag, error);
	if (*out_object != NULL)
		return RELINK_OK;
	if (answered.is_set)
		return answer_scan(out_scan, error);
	struct rl_file file = {.source = NULL};
	if (find(rl_engine.search, name, requester, &context->space, &file, &diag) != RL_OK)
		return rl_error_take(&diag, error);
	relink_status result = rl_scan_take(&file, out_scan, error);
	if (result != RELINK_OK) {
		rl_heap_give(file.path);
		rl_input_close(&file);
	}
	return result;
}

relink_status rl_context_look(relink_context *context, const char *name, struct rl_object *requester,
			      struct rl_object **out_object, relink_scan **out_scan, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_policy *policy = &rl_engine.linker.policy;
	char *expanded = NULL;
	if (strchr(name, '$') != NULL
	    && policy->expand(policy->context, name, requester, &expanded, &diag) != RL_OK)
		return rl_error_take(&diag, error);
	relink_status status =
		look(context, expanded == NULL ? name : expanded, requester, out_object, out_scan, error);
	rl_heap_give(expanded);
	return status;
}

relink_status relink_context_new(unsigned flags, relink_context **out_context, relink_error *error)
{
	if (flags & ~(unsigned)(RELINK_HOST_LIBC | RELINK_HOST_NONE | RELINK_HOST_SYMBOLS | RELINK_NO_UNWIND
		     | RELINK_KEEP_HANDLES | RELINK_DEBUGGER)
	    || out_context == NULL)
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	relink_status status = rl_engine_start();
	if (status != RELINK_OK)
		return rl_error_plain(error, status, "");
	relink_context *context = rl_heap_take(sizeof *context);
	if (context == NULL)
		return rl_error_plain(error, RELINK_E_MEMORY, "");
	struct rl_namespace *base = &rl_engine.linker.base;
	static long last_id; /* under the lock */
	context->flags = flags;
	context->uses = 1;
	context->space.linker = &rl_engine.linker;
	context->space.front = &rl_host.front.cell;
	context->space.stand_in = &rl_host.stand_in.cell;
	context->space.whole_front = &rl_host.whole_front.cell;
	context->space.lender = base;
	context->space.back = flags & RELINK_HOST_SYMBOLS ? &base->global : NULL;
	rl_log_open(&context->log, rl_engine.envp, rl_engine.is_secure);
	rl_engine_lock();
	rl_log_attach(&context->log);
	context->space.id = ++last_id;
	struct rl_namespace *last = base;
	while (last->next != NULL)
		last = last->next;
	last->next = &context->space;
	rl_engine_unlock();
	*out_context = context;
	return RELINK_OK;
}

static void context_drop(relink_context *context)
{
	struct rl_namespace *before = &rl_engine.linker.base;
	while (before->next != &context->space)
		before = before->next;
	before->next = context->space.next;
	rl_log_close(&context->log);
	for (struct rl_place *place = context->places, *next; place != NULL; place = next) {
		next = place->next;
		rl_heap_give(place->directories);
		rl_heap_give(place);
	}
	for (struct rl_resolver *resolver = context->resolvers, *next; resolver != NULL; resolver = next) {
		next = resolver->next;
		rl_heap_give(resolver);
	}
	rl_list_drop(&context->space.global_list);
	rl_scope_retire(&rl_engine.linker.readers, atomic_load(&context->space.global.current));
	rl_readers_retire(&rl_engine.linker.readers, atomic_load(&context->space.uniques));
	rl_readers_retire(&rl_engine.linker.readers, context);
}

void rl_context_release(relink_context *context)
{
	if (--context->uses != 0)
		return;
	rl_stubs_drop(context);
	/* What stays for ever (DF_1_NODELETE, unique symbols) keeps its namespace. */
	if (context->space.first == NULL)
		context_drop(context);
}

void relink_context_free(relink_context *context)
{
	if (context == NULL)
		return;
	rl_engine_lock();
	if (!context->is_given_back) {
		context->is_given_back = true;
		rl_context_release(context);
	}
	rl_engine_unlock();
}

static relink_status place_add(relink_context *context, enum rl_place_kind kind, const char *directories)
{
	struct rl_place *place = rl_heap_take(sizeof *place);
	char *copy = directories == NULL ? NULL : rl_heap_string(directories);
	if (place == NULL || (directories != NULL && copy == NULL)) {
		rl_heap_give(place);
		return RELINK_E_MEMORY;
	}
	place->kind = kind;
	place->directories = copy;
	rl_engine_lock();
	struct rl_place **end = &context->places;
	while (*end != NULL)
		end = &(*end)->next;
	*end = place;
	rl_engine_unlock();
	return RELINK_OK;
}

relink_status relink_search_directory(relink_context *context, const char *directories)
{
	if (context == NULL || directories == NULL)
		return RELINK_E_ARGUMENT;
	return place_add(context, RL_PLACE_DIRECTORIES, directories);
}

relink_status relink_search_runpath(relink_context *context)
{
	return context == NULL ? RELINK_E_ARGUMENT : place_add(context, RL_PLACE_RUNPATH, NULL);
}

relink_status relink_search_system(relink_context *context)
{
	return context == NULL ? RELINK_E_ARGUMENT : place_add(context, RL_PLACE_SYSTEM, NULL);
}

relink_status relink_resolve_with(relink_context *context, relink_resolver *function, void *user)
{
	if (context == NULL || function == NULL)
		return RELINK_E_ARGUMENT;
	struct rl_resolver *resolver = rl_heap_take(sizeof *resolver);
	if (resolver == NULL)
		return RELINK_E_MEMORY;
	*resolver = (struct rl_resolver){.function = function, .user = user};
	rl_engine_lock();
	struct rl_resolver **end = &context->resolvers;
	while (*end != NULL)
		end = &(*end)->next;
	*end = resolver;
	rl_engine_unlock();
	return RELINK_OK;
}

relink_status relink_set_hooks(relink_context *context, const relink_hooks *hooks, void *user)
{
	if (context == NULL)
		return RELINK_E_ARGUMENT;
	rl_engine_lock();
	context->hooks = hooks == NULL ? (relink_hooks){0} : *hooks;
	context->hooks_user = user;
	if (context->hooks.relocation != NULL)
		rl_engine.linker.before_relocation = rl_hooks_before_relocation;
	rl_engine_unlock();
	return RELINK_OK;
}

/* Without a lock: the resolver is there before the first module that it is asked about. */
static void *thread_block_ask(const struct rl_object *object)
{
	const relink_context *context = rl_context_of(object);
	if (context == NULL || context->thread_resolver == NULL)
		return NULL;
	relink_thread_block block = {.module = object->tls.module,
				     .image = object->tls.image,
				     .image_size = object->tls.image_size,
				     .size = object->tls.size,
				     .align = object->tls.align};
	return context->thread_resolver(context->thread_user, &block);
}

relink_status relink_resolve_threads(relink_context *context, relink_thread_resolver *resolver, void *user)
{
	if (context == NULL)
		return RELINK_E_ARGUMENT;
	rl_engine_lock();
	context->thread_user = user;
	context->thread_resolver = resolver;
	rl_host.guest.block_ask = thread_block_ask;
	rl_engine_unlock();
	return RELINK_OK;
}
