/* Loading one object.  Under the load lock. */
#include "load.h"

#include <string.h>

#include "../base/heap.h"
#include "../base/sys.h"
#include "../elf/versions.h"
#include "list.h"
#include "map.h"
#include "memory.h"
#include "namespace.h"
#include "section.h"

/* Read the tables that the dynamic section, which was read, names. */
static enum rl_status tables_read(const struct rl_linker *linker, struct rl_object *object)
{
	struct rl_version_table table;
	RL_TRY(rl_symbols_read(&object->dynamic, &object->symbols));
	if (linker->rules.ignores_versions)
		return RL_OK;
	RL_TRY(rl_versions_read(&object->image, &object->dynamic, &table));
	object->symbols.versions = table.versions;
	object->symbols.version_count = table.count;
	if (table.count == 0)
		object->symbols.versym = NULL; /* numbers that mean nothing */
	return RL_OK;
}

/* Read everything the dynamic section at VADDR says.  VADDR 0: the file has none. */
static enum rl_status object_read(const struct rl_linker *linker, struct rl_object *object, uint64_t vaddr)
{
	if (vaddr == 0)
		return object->kind == RL_OBJECT_PROGRAM ? RL_OK /* a static program has none */
		       : linker->rules.opens_static	 ? tables_read(linker, object)
							 : RL_DYNAMIC_NONE;
	RL_TRY(rl_dynamic_read(&object->image, vaddr, &object->dynamic));
	return tables_read(linker, object);
}

/* What follows mapping, for files and adopted images alike: names, TLS id, the personality's view, the list. */
static enum rl_status object_enter(struct rl_namespace *namespace, struct rl_object *object, const struct rl_file *file,
				   struct rl_diag *diag)
{
	struct rl_linker *linker = namespace->linker;
	rl_change_begin(linker, namespace, true);
	rl_namespace_append(namespace, object);
	object->serial = ++linker->serial;
	enum rl_status status = RL_OK;
	if (!linker->rules.ignores_sonames)
		status = rl_namespace_name(object, object->path);
	if (status == RL_OK && !linker->rules.ignores_sonames && object->dynamic.soname != NULL)
		status = rl_namespace_name(object, object->dynamic.soname);
	if (status == RL_OK && object->tls.size != 0)
		status = rl_tls_module_add(linker, object);
	if (status != RL_OK)
		return rl_fail(diag, status, .subject = object->path);
	RL_TRY(linker->abi.object_attach(linker->abi.context, object, diag));
	linker->abi.object_list(linker->abi.context, object);
	rl_emit(linker, (struct rl_event){.kind = RL_EVENT_MAPPED, .object = object, .file = file});
	return RL_OK;
}

/* The end of reading an object, well (STATUS) or not: it is entered and given out, or it goes. */
static enum rl_status object_settle(struct rl_namespace *namespace, struct rl_object *object, const struct rl_file *file,
				    enum rl_status status, struct rl_object **out_object, struct rl_diag *diag)
{
	if (status == RL_OK)
		status = object_enter(namespace, object, file, diag);
	if (status == RL_OK)
		*out_object = object;
	else
		rl_object_drop(namespace->linker, object);
	return status;
}

static void range_unmap(struct rl_linker *linker, uintptr_t start, uintptr_t end)
{
	rl_sys_unmap(start, end - start);
	/* What is opened next can have the place again. */
	if (linker->map_below >= start && linker->map_below < end)
		linker->map_below = end;
}

static void object_unmap(struct rl_linker *linker, struct rl_object *object)
{
	object->owns_map = false;
	if (object->memory != NULL)
		rl_memory_release(object->memory, object->map_start, object->map_end - object->map_start);
	else
		range_unmap(linker, object->map_start, object->map_end);
}

/* Objects that were loaded together lie side by side: one call for all. */
static void list_unmap(struct rl_linker *linker, struct rl_object *first)
{
	uintptr_t start = 0, end = 0;
	for (struct rl_object *object = first; object != NULL; object = object->work_next) {
		if (!object->owns_map || object->memory != NULL)
			continue;
		object->owns_map = false;
		if (object->map_end == start) {
			start = object->map_start;
		} else if (object->map_start == end) {
			end = object->map_end;
		} else {
			if (end != 0)
				range_unmap(linker, start, end);
			start = object->map_start;
			end = object->map_end;
		}
	}
	if (end != 0)
		range_unmap(linker, start, end);
}

static void object_free(struct rl_linker *linker, struct rl_object *object)
{
	if (object->owns_map)
		object_unmap(linker, object);
	if (object->placement != NULL)
		object->placement->drop(object->placement);
	if (object->policy != NULL)
		linker->policy.forget(linker->policy.context, object);
	if (object->owns_phdr)
		rl_heap_give((void *)object->phdr);
	for (struct rl_tls_descriptor *descriptor = object->tls_descriptors; descriptor != NULL;) {
		struct rl_tls_descriptor *next = descriptor->next;
		rl_heap_give(descriptor);
		descriptor = next;
	}
	for (struct rl_pin *pin = atomic_load(&object->pins); pin != NULL;) {
		struct rl_pin *next = pin->next;
		rl_heap_give(pin);
		pin = next;
	}
	rl_list_drop(&object->needed);
	rl_list_drop(&object->closure);
	rl_list_drop(&object->sorted);
	rl_scope_give(atomic_load(&object->own_scope.current));
	rl_scope_give(atomic_load(&object->symbolic_scope.current));
	rl_scope_give(atomic_load(&object->given_scope.current));
	rl_scope_give(atomic_load(&object->planned_scope.current));
	rl_heap_give(atomic_load(&object->search));
	if (object->real == NULL)
		rl_heap_give(object->symbols.versions);
	if (object->draft != NULL)
		linker->object_files->drop(object);
	rl_heap_give(object->tables);
	rl_heap_give(object->strings);
	rl_heap_give((void *)object->origin);
	rl_heap_give((void *)object->path);
	rl_heap_give(object);
}

void rl_object_abandon(struct rl_linker *linker, struct rl_object *object)
{
	if (object->namespace == NULL)
		return;
	rl_tls_module_remove(linker, object);
	rl_namespace_unname(object);
	rl_namespace_remove(object->namespace, object);
	if (object->shadow != NULL)
		linker->abi.object_unlist(linker->abi.context, object);
}

void rl_object_drop(struct rl_linker *linker, struct rl_object *object)
{
	rl_object_abandon(linker, object);
	rl_object_free(linker, object);
}

void rl_object_free(struct rl_linker *linker, struct rl_object *object)
{
	if (object->shadow != NULL)
		linker->abi.object_detach(linker->abi.context, object);
	object_free(linker, object);
}

void rl_limbo_empty(struct rl_linker *linker)
{
	if (!rl_readers_wait(&linker->readers))
		return;
	list_unmap(linker, linker->limbo);
	while (linker->limbo != NULL) {
		struct rl_object *object = linker->limbo;
		linker->limbo = object->work_next;
		rl_object_free(linker, object);
	}
	/* Behind them: the memory that they were in may be a namespace's that went, too. */
	rl_readers_give(&linker->readers);
}

static struct rl_object *object_make(enum rl_object_kind kind, char *path)
{
	struct rl_object *object = path == NULL ? NULL : rl_heap_take(sizeof *object);
	if (object == NULL) {
		rl_heap_give(path);
		return NULL;
	}
	object->kind = kind;
	object->path = path;
	return object;
}

/* What may not be opened by dlopen or needed by another object. */
static enum rl_status opening_check(const struct rl_request *request, const struct rl_object *object,
				    unsigned file_type, struct rl_diag *diag)
{
	enum rl_status status = RL_OK;
	if (request->kind == RL_OBJECT_PROGRAM)
		return RL_OK;
	if (file_type == ET_EXEC)
		status = RL_OPEN_EXECUTABLE;
	else if (object->dynamic.flags_1 & DF_1_PIE)
		status = RL_OPEN_PIE;
	else if (request->for_dlopen && (object->dynamic.flags_1 & DF_1_NOOPEN))
		status = RL_OPEN_REFUSED;
	return status == RL_OK ? RL_OK : rl_fail(diag, status, .subject = request->name);
}

/* Map and read FILE as a new object.  Takes file->path. */
static enum rl_status file_load(struct rl_namespace *namespace, const struct rl_request *request, struct rl_file *file,
				const struct stat *info, struct rl_object **out_object, struct rl_diag *diag)
{
	struct rl_linker *linker = namespace->linker;
	unsigned file_type = ((const Elf64_Ehdr *)file->head.bytes)->e_type;
	if (file_type == ET_EXEC && request->kind != RL_OBJECT_PROGRAM && !linker->rules.opens_executables) {
		enum rl_status status = rl_fail(diag, RL_OPEN_EXECUTABLE, .subject = request->name);
		rl_heap_give(file->path);
		return status;
	}
	struct rl_object *object = object_make(request->kind, file->path);
	if (object == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .subject = request->name);
	object->has_file_id = file->source == NULL && !request->is_copy;
	object->device = info->st_dev;
	object->inode = info->st_ino;
	object->memory = namespace->memory;
	if (!request->for_dlopen || linker->rules.caller_is_loader)
		object->loader = request->requester;
	uint64_t dynamic_vaddr = 0;
	int raw_error = 0;
	enum rl_status status;
	if (file_type == ET_REL && linker->object_files != NULL) {
		status = linker->object_files->load(linker, file, (uint64_t)info->st_size, object, diag);
	} else {
		/* At start the place below is seldom free: ours, the stack's or the cache's pages are there. */
		uintptr_t below = linker->is_running ? linker->map_below : 0;
		status = rl_map_file(file, (uint64_t)info->st_size, linker->page_size, below, object, &dynamic_vaddr,
				     &raw_error);
		if (status == RL_OK && object->memory == NULL)
			linker->map_below = object->map_start;
		if (status == RL_OK)
			status = object_read(linker, object, dynamic_vaddr);
	}
	/* The original names a file it could not map as it was asked for. */
	if (status != RL_OK)
		rl_fail(diag, status, .subject = status == RL_FILE_UNREADABLE ? file->path : request->name,
			.error_number = raw_error);
	if (status == RL_OK && !linker->rules.opens_executables)
		status = opening_check(request, object, file_type, diag);
	struct rl_object *other = NULL;
	if (status == RL_OK && linker->abi.object_substitute != NULL)
		other = linker->abi.object_substitute(linker->abi.context, object);
	if (other != NULL) {
		rl_object_drop(linker, object);
		*out_object = other;
		return RL_OK;
	}
	return object_settle(namespace, object, file, status, out_object, diag);
}

/* There is only one linker in a process: in another namespace than the base, an object that refers to it stands for
 * it.  Its path is the linker's, whatever file the search found: debuggers read it. */
static __attribute__((noinline, cold)) enum rl_status linker_mirror(struct rl_linker *linker, struct rl_namespace *namespace,
				    const struct rl_request *request, struct rl_object **out_object,
				    struct rl_diag *diag)
{
	const struct rl_object *self = linker->self;
	struct rl_object *object = object_make(request->kind, rl_heap_string(self->path));
	if (object == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .subject = request->name);
	object->real = linker->self;
	object->loader = request->requester;
	object->symbols = self->symbols;
	object->image = self->image;
	object->dynamic = self->dynamic;
	object->phdr = self->phdr;
	object->entry = self->entry;
	object->map_start = self->map_start;
	object->map_end = self->map_end;
	object->is_contiguous = self->is_contiguous;
	object->stack_flags = self->stack_flags;
	object->is_relocated = true;
	return object_settle(namespace, object, NULL, RL_OK, out_object, diag);
}

static bool is_linker(struct rl_linker *linker, const struct rl_namespace *namespace, const char *name)
{
	return namespace != &linker->base && linker->self != NULL
	       && rl_namespace_find(&linker->base, name) == linker->self;
}

static __attribute__((noinline)) struct rl_object *hosted_use(struct rl_linker *linker, struct rl_object *known)
{
	if (linker->abi.object_keep == NULL || linker->abi.object_keep(linker->abi.context, known))
		return known;
	atomic_store(&known->is_removed, true);
	known->has_file_id = false;
	rl_namespace_unname(known);
	return NULL;
}

/* KNOWN, if it is still there: what another linker loaded it may have unloaded, and then nothing finds it again. */
static inline struct rl_object *known_use(struct rl_linker *linker, struct rl_object *known)
{
	return known == NULL || !known->is_hosted ? known : hosted_use(linker, known);
}

/* An open file: an object we have under another name, or a new one. */
static enum rl_status file_resolve(struct rl_linker *linker, struct rl_namespace *namespace,
				   const struct rl_request *request, struct rl_file *file,
				   struct rl_object **out_object, struct rl_diag *diag)
{
	struct stat info = {0};
	long result = file->source != NULL ? 0 : rl_sys_stat_fd(file->fd, &info);
	if (file->source != NULL)
		info.st_size = (off_t)file->source->size;
	if (rl_sys_is_error(result)) {
		enum rl_status status =
			rl_fail(diag, RL_FILE_STAT, .subject = request->name, .error_number = (int)-result);
		rl_heap_give(file->path);
		return status;
	}
	struct rl_object *known = NULL;
	if (file->source == NULL && !request->is_copy)
		known = known_use(linker, rl_namespace_find_file(namespace, info.st_dev, info.st_ino));
	if (known == NULL && request->only_loaded) {
		rl_heap_give(file->path);
		*out_object = NULL;
		return RL_OK;
	}
	if (known != NULL) {
		rl_heap_give(file->path);
		*out_object = known;
	} else if (is_linker(linker, namespace, request->name)) {
		rl_heap_give(file->path);
		RL_TRY(linker_mirror(linker, namespace, request, out_object, diag));
	} else {
		RL_TRY(file_load(namespace, request, file, &info, out_object, diag));
	}
	if (request->file != NULL || (linker->rules.ignores_sonames && strchr(request->name, '/') != NULL))
		return RL_OK;
	const char *asked_as = (*out_object)->asked_as;
	RL_TRY(rl_namespace_name_copy(*out_object, request->name, &asked_as));
	if (known == NULL)
		(*out_object)->asked_as = asked_as;
	return RL_OK;
}

/* Apart from its caller, so that the file's first bytes lie on the stack once, and not while libc is loaded in passing. */
static __attribute__((noinline)) enum rl_status name_search(struct rl_linker *linker, struct rl_namespace *namespace,
							    const struct rl_request *request,
							    struct rl_object **out_object, struct rl_diag *diag)
{
	struct rl_file file;
	file.source = NULL;
	RL_TRY(linker->policy.find(linker->policy.context, request->name, request->requester, namespace, &file, diag));
	enum rl_status status = file_resolve(linker, namespace, request, &file, out_object, diag);
	if (file.source == NULL)
		rl_sys_close(file.fd);
	return status;
}

static enum rl_status name_load(struct rl_linker *linker, struct rl_namespace *namespace,
				const struct rl_request *request, struct rl_object **out_object, struct rl_diag *diag)
{
	*out_object = known_use(linker, rl_namespace_find(namespace, request->name));
	if (*out_object == NULL && linker->abi.name_claim != NULL)
		RL_TRY(linker->abi.name_claim(linker->abi.context, request->name, request->requester, namespace,
					      out_object, diag));
	return *out_object != NULL ? RL_OK : name_search(linker, namespace, request, out_object, diag);
}

static __attribute__((noinline)) enum rl_status open_file_load(struct rl_linker *linker,
								struct rl_namespace *namespace,
								const struct rl_request *request,
								struct rl_object **out_object, struct rl_diag *diag)
{
	struct rl_file file = *request->file;
	request->file->path = NULL;
	return file_resolve(linker, namespace, request, &file, out_object, diag);
}

/* A name with '$' in it. */
static __attribute__((noinline)) enum rl_status expanded_load(struct rl_linker *linker, struct rl_namespace *namespace,
							      const struct rl_request *request,
							      struct rl_object **out_object, struct rl_diag *diag)
{
	char *expanded = NULL;
	RL_TRY(linker->policy.expand(linker->policy.context, request->name, request->requester, &expanded, diag));
	struct rl_request plain = *request;
	if (expanded != NULL)
		plain.name = expanded;
	struct rl_diag found = RL_DIAG_NONE;
	enum rl_status status = name_load(linker, namespace, &plain, out_object, &found);
	if (status == RL_FILE_NOT_FOUND && !request->is_needed)
		rl_fail(diag, status, .subject = request->name, .requester = found.requester,
			.error_number = found.error_number);
	else if (status != RL_OK && diag->status == RL_OK)
		*diag = found;
	if (diag->storage != found.storage)
		rl_diag_drop(&found);
	rl_heap_give(expanded);
	return status;
}

enum rl_status rl_load(struct rl_linker *linker, struct rl_namespace *namespace, const struct rl_request *request,
		       struct rl_object **out_object, struct rl_diag *diag)
{
	if (request->file != NULL)
		return open_file_load(linker, namespace, request, out_object, diag);
	if (strchr(request->name, '$') == NULL)
		return name_load(linker, namespace, request, out_object, diag);
	return expanded_load(linker, namespace, request, out_object, diag);
}

enum rl_status rl_adopt(struct rl_linker *linker, struct rl_namespace *namespace, const struct rl_adoption *adoption,
			struct rl_object **out_object, struct rl_diag *diag)
{
	struct rl_object *object = object_make(adoption->kind, rl_heap_string(adoption->path));
	if (object == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .subject = adoption->path);
	uint64_t dynamic_vaddr = 0;
	object->is_permanent = true;
	object->entry = adoption->entry;
	object->is_hosted = adoption->is_hosted;
	object->memory = namespace->memory;
	enum rl_status status = rl_map_adopt(adoption->phdrs, adoption->phdr_count, adoption->bias,
					     rl_memory_page(object->memory, linker->page_size), object, &dynamic_vaddr);
	if (status == RL_OK && adoption->dynamic != NULL) {
		status = rl_dynamic_read_entries(&object->image, adoption->dynamic, adoption->dynamic_count,
						 &object->dynamic);
		if (status == RL_OK)
			status = tables_read(linker, object);
	} else if (status == RL_OK && dynamic_vaddr != 0) {
		status = object_read(linker, object, dynamic_vaddr);
	}
	if (status != RL_OK)
		rl_fail(diag, status, .subject = adoption->path);
	return object_settle(namespace, object, NULL, status, out_object, diag);
}
