/* Scan-first linking: all that a load would map is found and scanned, breadth first, by the context's own resolvers
 * and places; the program looks at it and changes it; then the engine loads it as always, and is told for each name
 * what was found.  Between the two nothing but the heap has changed. */
#include "closure.h"

#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "../../ldso/link/namespace.h"

relink_status rl_closure_fail(relink_error *error, relink_status status, const char *file, const char *symbol,
			      unsigned value)
{
	(void)rl_error_plain(error, status, file);
	if (error != NULL) {
		rl_text_format(error->symbol, sizeof error->symbol, "%s", symbol);
		error->value = value;
	}
	return status;
}

static bool name_add(struct rl_member *member, const char *string)
{
	struct rl_closure_name *name = rl_heap_take(sizeof *name);
	if (name == NULL || (name->string = rl_heap_string(string)) == NULL) {
		rl_heap_give(name);
		return false;
	}
	name->next = member->names;
	member->names = name;
	return true;
}

/* The member that answers to NAME, as an object would. */
static size_t member_named(const struct relink_closure *closure, const char *name)
{
	for (size_t i = 0; i < closure->count; i++)
		for (const struct rl_closure_name *own = closure->members[i].names; own != NULL; own = own->next)
			if (strcmp(own->string, name) == 0)
				return i;
	return RELINK_LOADED;
}

static size_t member_of_file(const struct relink_closure *closure, dev_t device, ino_t inode)
{
	for (size_t i = 0; i < closure->count; i++)
		if (closure->members[i].has_file_id && closure->members[i].device == device
		    && closure->members[i].inode == inode)
			return i;
	return RELINK_LOADED;
}

static void member_drop(struct rl_member *member)
{
	for (struct rl_closure_name *name = member->names, *next; name != NULL; name = next) {
		next = name->next;
		rl_heap_give(name->string);
		rl_heap_give(name);
	}
	if (member->as_object != NULL) {
		struct rl_policy *policy = &rl_engine.linker.policy;
		if (member->as_object->policy != NULL)
			policy->forget(policy->context, member->as_object);
		rl_heap_give((void *)member->as_object->origin);
		rl_heap_give(member->as_object);
	}
	relink_scan_free(member->scan);
	rl_heap_give(member->needs);
	rl_heap_give(member->bytes);
	rl_heap_give(member->pieces);
}

/* What asks for the dependencies of a file that is no object yet: policies look at its path and its run paths. */
static struct rl_object *as_object_make(const relink_context *context, const relink_scan *scan,
					struct rl_object *requester)
{
	const relink_scan_info *info = relink_scan_get_info(scan);
	struct rl_object *object = rl_heap_take(sizeof *object);
	if (object == NULL)
		return NULL;
	object->kind = RL_OBJECT_OPENED;
	object->path = info->name;
	object->namespace = (struct rl_namespace *)&context->space;
	object->loader = requester;
	object->dynamic.soname = info->soname;
	object->dynamic.rpath = info->runpath == NULL ? info->rpath : NULL;
	object->dynamic.runpath = info->runpath;
	object->dynamic.flags = info->flags;
	object->dynamic.flags_1 = info->flags_1;
	return object;
}

static bool member_fill(struct rl_member *member, const relink_context *context, struct rl_object *requester)
{
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	member->as_object = as_object_make(context, member->scan, requester);
	member->needs = rl_heap_take((info->needed_count + 1) * sizeof *member->needs);
	return member->as_object != NULL && member->needs != NULL && name_add(member, info->name)
	       && (info->soname == NULL || name_add(member, info->soname));
}

/* Take SCAN as a new member; or, if it is a file that is known, free it.  *out_member: which one. */
static relink_status member_add(struct relink_closure *closure, relink_scan *scan, struct rl_object *requester,
				size_t *out_member, relink_error *error)
{
	const struct rl_file *file = rl_scan_file(scan);
	const char *path = relink_scan_get_info(scan)->name;
	struct rl_member member = {.scan = scan};
	struct stat info;
	if (file->source == NULL && !rl_sys_is_error(rl_sys_stat_fd(file->fd, &info))) {
		member.has_file_id = true;
		member.device = info.st_dev;
		member.inode = info.st_ino;
		*out_member = member_of_file(closure, info.st_dev, info.st_ino);
		if (*out_member != RELINK_LOADED
		    || rl_namespace_find_file(&closure->context->space, info.st_dev, info.st_ino) != NULL) {
			relink_scan_free(scan);
			return RELINK_OK;
		}
	}
	struct rl_member *members =
		rl_heap_room(closure->members, closure->count, &closure->capacity, sizeof *members, 8);
	if (members != NULL)
		closure->members = members;
	if (members == NULL || !member_fill(&member, closure->context, requester)) {
		(void)rl_error_plain(error, RELINK_E_MEMORY, path);
		member_drop(&member);
		return RELINK_E_MEMORY;
	}
	*out_member = closure->count;
	closure->members[closure->count++] = member;
	return RELINK_OK;
}

/* What entry INDEX of a member's DT_NEEDED leads to. */
static relink_status needed_find(struct relink_closure *closure, size_t at, size_t index, relink_error *error)
{
	const char *name = relink_scan_get_info(closure->members[at].scan)->needed[index];
	struct rl_object *requester = closure->members[at].as_object, *object = NULL;
	size_t found = member_named(closure, name);
	if (found == RELINK_LOADED) {
		relink_scan *scan = NULL;
		relink_status status = rl_context_look(closure->context, name, requester, &object, &scan, error);
		if (status == RELINK_OK && scan != NULL)
			status = member_add(closure, scan, requester, &found, error);
		if (status != RELINK_OK)
			return status;
		if (found != RELINK_LOADED && !name_add(&closure->members[found], name))
			return rl_error_plain(error, RELINK_E_MEMORY, name);
	}
	closure->members[at].needs[index] = found;
	return RELINK_OK;
}

/* The lock is held. */
static relink_status closure_fill(struct relink_closure *closure, const relink_input *root, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	relink_scan *scan = NULL;
	size_t first;
	if (rl_host_refresh(&rl_host, &diag) != RL_OK)
		return rl_error_take(&diag, error);
	relink_status status = relink_scan_new(root, &scan, error);
	if (status == RELINK_OK)
		status = member_add(closure, scan, NULL, &first, error);
	if (status == RELINK_OK && closure->count == 0)
		status = rl_error_plain(error, RELINK_E_LINK_EXISTS, root->name);
	for (size_t at = 0; status == RELINK_OK && at < closure->count; at++) {
		size_t count = relink_scan_get_info(closure->members[at].scan)->needed_count;
		for (size_t i = 0; status == RELINK_OK && i < count; i++)
			status = needed_find(closure, at, i, error);
	}
	return status;
}

relink_status relink_closure_new(relink_context *context, const relink_input *root, relink_closure **out_closure,
				 relink_error *error)
{
	if (context == NULL || root == NULL || out_closure == NULL || (root->kind == 0 && root->name == NULL))
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	relink_closure *closure = rl_heap_take(sizeof *closure);
	if (closure == NULL)
		return rl_error_plain(error, RELINK_E_MEMORY, root->name);
	closure->context = context;
	closure->arenas_end = &closure->arenas;
	rl_engine_lock();
	context->uses++;
	relink_status status = closure_fill(closure, root, error);
	rl_engine_unlock();
	if (status != RELINK_OK) {
		relink_closure_free(closure);
		return status;
	}
	*out_closure = closure;
	return RELINK_OK;
}

void relink_closure_free(relink_closure *closure)
{
	if (closure == NULL)
		return;
	rl_engine_lock();
	rl_places_drop(closure);
	for (size_t i = 0; i < closure->count; i++)
		member_drop(&closure->members[i]);
	rl_context_release(closure->context);
	rl_engine_unlock();
	rl_heap_give(closure->members);
	rl_heap_give(closure);
}

size_t relink_closure_count(const relink_closure *closure)
{
	return closure == NULL ? 0 : closure->count;
}

const relink_scan *relink_closure_scan(const relink_closure *closure, size_t module)
{
	return module < relink_closure_count(closure) ? closure->members[module].scan : NULL;
}

size_t relink_closure_needed(const relink_closure *closure, size_t module, size_t index)
{
	const relink_scan *scan = relink_closure_scan(closure, module);
	return scan == NULL || index >= relink_scan_get_info(scan)->needed_count
		       ? RELINK_LOADED
		       : closure->members[module].needs[index];
}

size_t relink_closure_find(const relink_closure *closure, const char *name)
{
	return closure == NULL || name == NULL ? RELINK_LOADED : member_named(closure, name);
}

relink_status rl_member_bytes(struct rl_member *member, relink_error *error)
{
	enum { LIMIT = 1 << 30 };
	const relink_scan_info *info = relink_scan_get_info(member->scan);
	if (member->bytes != NULL)
		return RELINK_OK;
	char *bytes = info->size > LIMIT ? NULL : rl_heap_take(info->size);
	if (bytes == NULL)
		return rl_error_plain(error, RELINK_E_MEMORY, info->name);
	relink_status status = relink_scan_read(member->scan, bytes, info->size, 0, error);
	if (status == RELINK_OK)
		member->bytes = bytes;
	else
		rl_heap_give(bytes);
	return status;
}

relink_status relink_closure_section(relink_closure *closure, size_t module, size_t section, void **out_bytes,
				     size_t *out_size, relink_error *error)
{
	const relink_scan *scan = relink_closure_scan(closure, module);
	const relink_scan_info *info = scan == NULL ? NULL : relink_scan_get_info(scan);
	if (info == NULL || out_bytes == NULL || out_size == NULL || section >= info->section_count
	    || closure->is_loaded)
		return rl_error_plain(error, RELINK_E_ARGUMENT, info == NULL ? "" : info->name);
	const Elf64_Shdr *header = (const Elf64_Shdr *)info->sections + section;
	if (header->sh_type == SHT_NOBITS || header->sh_type == SHT_NULL || header->sh_offset > info->size
	    || header->sh_size > info->size - header->sh_offset)
		return rl_error_plain(error, RELINK_E_ARGUMENT, info->name);
	relink_status status = rl_member_bytes(&closure->members[module], error);
	if (status != RELINK_OK)
		return status;
	*out_bytes = closure->members[module].bytes + header->sh_offset;
	*out_size = header->sh_size;
	return RELINK_OK;
}

/* ---- Loading ---- */

static int member_read(const struct rl_source *source, void *buffer, size_t size, uint64_t offset)
{
	memcpy(buffer, ((const struct rl_member_source *)source)->bytes + offset, size);
	return 0;
}

/* The file that the engine is to load for a member.  A descriptor is the engine's to close. */
static bool member_open(struct rl_member *member, struct rl_file *out_file)
{
	enum { DUPLICATE = 1030 /* F_DUPFD_CLOEXEC */ };
	const char *bytes = member->image != NULL ? member->image : member->bytes;
	char *path = rl_heap_string(member->as_object->path);
	if (path == NULL)
		return false;
	*out_file = *rl_scan_file(member->scan);
	if (bytes != NULL) {
		struct rl_file_head *head = &out_file->head;
		member->source.bytes = bytes;
		member->source.source.size =
			member->image != NULL ? member->image_size : relink_scan_get_info(member->scan)->size;
		member->source.source.read = member_read;
		member->source.source.placement = member->placement == NULL ? NULL : &member->placement->placement;
		memcpy(head->bytes, bytes, head->size);
		out_file->source = &member->source.source;
		out_file->fd = -1;
	} else if (out_file->source == NULL) {
		long fd = rl_syscall3(SYS_fcntl, out_file->fd, DUPLICATE, 0);
		if (rl_sys_is_error(fd)) {
			rl_heap_give(path);
			return false;
		}
		out_file->fd = (int)fd;
	}
	out_file->path = path;
	member->given_path = path;
	return true;
}

/* What the engine made of a member: the object has the very string that it was given. */
static struct rl_object *member_object(const struct relink_closure *closure, const struct rl_member *member)
{
	struct rl_object *object = member->given_path == NULL ? NULL : closure->context->space.first;
	while (object != NULL && object->path != member->given_path)
		object = object->next;
	return object;
}

enum rl_status rl_closure_claim(struct relink_closure *closure, const char *name, struct rl_object **out_object,
				struct rl_file *out_file, bool *out_is_file, struct rl_diag *diag)
{
	size_t found = member_named(closure, name);
	if (found == RELINK_LOADED)
		return RL_OK;
	struct rl_member *member = &closure->members[found];
	*out_object = member_object(closure, member);
	if (*out_object != NULL)
		return RL_OK;
	*out_is_file = member_open(member, out_file);
	return *out_is_file ? RL_OK : rl_fail(diag, RL_NO_MEMORY, .subject = name);
}

/* A member that the context has loaded meanwhile would be taken as it is there: changes would be lost. */
static relink_status staleness_check(const struct relink_closure *closure, relink_error *error)
{
	struct rl_namespace *space = &closure->context->space;
	for (size_t i = 0; i < closure->count; i++) {
		const struct rl_member *member = &closure->members[i];
		bool is_there =
			member->has_file_id && rl_namespace_find_file(space, member->device, member->inode) != NULL;
		for (const struct rl_closure_name *name = member->names; name != NULL && !is_there; name = name->next)
			is_there = rl_namespace_find(space, name->string) != NULL;
		if (is_there)
			return rl_error_plain(error, RELINK_E_LINK_EXISTS, member->as_object->path);
	}
	return RELINK_OK;
}

/* What was loaded from memory is the file nevertheless: who loads that again gets the same module. */
static void files_note(const struct relink_closure *closure)
{
	for (size_t i = 0; i < closure->count; i++) {
		const struct rl_member *member = &closure->members[i];
		struct rl_object *object = member_object(closure, member);
		if (object == NULL || object->has_file_id || !member->has_file_id)
			continue;
		object->has_file_id = true;
		object->device = member->device;
		object->inode = member->inode;
	}
}

static relink_status closure_load(struct relink_closure *closure, const relink_options *options,
				  relink_module **out_module, relink_error *error)
{
	struct rl_member *root = &closure->members[0];
	struct rl_file file;
	relink_status status = staleness_check(closure, error);
	if (status == RELINK_OK)
		status = rl_layout_make(closure, error);
	if (status != RELINK_OK)
		return status;
	if (!member_open(root, &file))
		return rl_error_plain(error, RELINK_E_MEMORY, root->as_object->path);
	relink_input input = relink_path(root->as_object->path);
	struct relink_closure *outer = closure->context->closure;
	closure->context->closure = closure;
	status = rl_load_file(closure->context, &input, &file, options, out_module, error);
	closure->context->closure = outer;
	if (status == RELINK_OK)
		files_note(closure);
	rl_heap_give(file.path); /* NULL if the module has taken it */
	rl_input_close(&file);
	return status;
}

relink_status relink_closure_load(relink_closure *closure, const relink_options *options, relink_module **out_module,
				  relink_error *error)
{
	if (closure == NULL || out_module == NULL || closure->is_loaded)
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	rl_engine_lock();
	relink_status status = closure_load(closure, options, out_module, error);
	closure->is_loaded = status == RELINK_OK;
	for (size_t i = 0; i < closure->count; i++)
		closure->members[i].given_path = NULL;
	rl_layout_end(closure);
	rl_engine_unlock();
	return status;
}
