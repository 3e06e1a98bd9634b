/* dlopen, dlmopen, dlclose. */
#include <errno.h>

#include "../ldso/base/heap.h"
#include "../ldso/link/namespace.h"
#include "../ldso/link/open.h"
#include "dl.h"

static enum rl_status binding_check(const char *name, int mode, struct rl_diag *diag)
{
	if (mode & (RL_DL_LAZY | RL_DL_NOW))
		return RL_OK;
	return rl_fail(diag, RL_REQUEST_MODE, .subject = name, .error_number = EINVAL);
}

static enum rl_status mode_check(const char *name, int mode, struct rl_diag *diag)
{
	enum { KNOWN = RL_DL_LAZY | RL_DL_NOW | RL_DL_NOLOAD | RL_DL_DEEPBIND | RL_DL_GLOBAL | RL_DL_NODELETE };
	return mode & ~KNOWN ? rl_fail(diag, RL_REQUEST_PARAMETER) : binding_check(name, mode, diag);
}

static struct rl_open_request request_make(const char *name, int mode, struct rl_object *requester)
{
	return (struct rl_open_request){
		.name = name == NULL ? "" : name,
		.caller = requester != NULL ? requester : rl_process.linker.program,
		.namespace_limit = rl_process.personality.namespace_limit,
		.is_lazy = (mode & RL_DL_NOW) == 0,
		.is_global = (mode & RL_DL_GLOBAL) != 0,
		.is_permanent = (mode & RL_DL_NODELETE) != 0,
		.binds_deeply = (mode & RL_DL_DEEPBIND) != 0,
		.only_loaded = (mode & RL_DL_NOLOAD) != 0,
	};
}

enum rl_status rl_dl_open_object(const char *name, int mode, const void *caller, struct rl_object **out_object,
				 struct rl_diag *diag)
{
	RL_TRY(mode_check(name, mode, diag));
	struct rl_object *requester = rl_dl_object_at(caller);
	struct rl_open_request request = request_make(name, mode, requester);
	/* The program is in the base; anything else is opened where the caller is. */
	struct rl_namespace *namespace =
		name == NULL || requester == NULL ? &rl_process.linker.base : requester->namespace;
	return rl_open(&rl_process.linker, namespace, &request, out_object, diag);
}

static enum rl_status open_descriptor(int fd, int mode, const void *caller, struct rl_object **out_object,
				      struct rl_diag *diag)
{
	struct rl_file file;
	RL_TRY(mode_check("", mode, diag));
	RL_TRY(rl_dl_descriptor_read(fd, &file, diag));
	struct rl_object *requester = rl_dl_object_at(caller);
	char *name = rl_heap_string(file.path);
	struct rl_open_request request = request_make(name, mode, requester);
	request.file = &file;
	enum rl_status status = rl_open(&rl_process.linker, request.caller->namespace, &request, out_object, diag);
	rl_heap_give(name);
	rl_heap_give(file.path);
	return status;
}

void *rl_dl_open_descriptor(int fd, int mode, const void *caller)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_object *object = NULL;
	if (fd == -1)
		return rl_dl_open(NULL, mode, caller);
	rl_dl_error_clear();
	if (open_descriptor(fd, mode, caller, &object, &diag) != RL_OK) {
		rl_dl_error_set(&diag);
		return NULL;
	}
	return object == NULL ? NULL : rl_process.personality.handle_of(object);
}

/* Under the load lock. */
static enum rl_status open_in_locked(long namespace_id, const struct rl_open_request *request,
				     struct rl_object **out_object, struct rl_diag *diag)
{
	struct rl_linker *linker = &rl_process.linker;
	struct rl_namespace *namespace = NULL;
	if (namespace_id == RL_DL_CALLERS)
		namespace = request->caller->namespace;
	else if (namespace_id != RL_DL_NEW && (namespace = rl_namespace_at(linker, namespace_id)) == NULL)
		return rl_fail(diag, RL_REQUEST_NAMESPACE, .subject = request->name, .error_number = EINVAL);
	return rl_open(linker, namespace, request, out_object, diag);
}

enum rl_status rl_dl_open_object_in(long namespace_id, const char *name, int mode, const void *caller,
				    struct rl_object **out_object, struct rl_diag *diag)
{
	struct rl_linker *linker = &rl_process.linker;
	RL_TRY(binding_check(name, mode, diag));
	struct rl_open_request request = request_make(name, mode, rl_dl_object_at(caller));
	linker->abi.lock(linker->abi.context);
	enum rl_status status = open_in_locked(namespace_id, &request, out_object, diag);
	linker->abi.unlock(linker->abi.context);
	return status;
}

void *rl_dl_open(const char *name, int mode, const void *caller)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_object *object = NULL;
	rl_dl_error_clear();
	if (rl_dl_open_object(name, mode, caller, &object, &diag) != RL_OK) {
		rl_dl_error_set(&diag);
		return NULL;
	}
	return object == NULL ? NULL : rl_process.personality.handle_of(object);
}

/* What dlmopen refuses that dlopen allows. */
static enum rl_status namespace_check(long namespace_id, const char *name, int mode, struct rl_diag *diag)
{
	if (namespace_id == rl_process.linker.base.id)
		return RL_OK;
	if (name == NULL)
		return rl_fail(diag, RL_REQUEST_NOT_IN_BASE, .error_number = EINVAL);
	return mode & RL_DL_GLOBAL ? rl_fail(diag, RL_REQUEST_NOT_GLOBAL, .error_number = EINVAL) : RL_OK;
}

void *rl_dl_open_in(long namespace_id, const char *name, int mode, const void *caller)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_object *object = NULL;
	rl_dl_error_clear();
	if (namespace_check(namespace_id, name, mode, &diag) != RL_OK
	    || rl_dl_open_object_in(namespace_id, name, mode, caller, &object, &diag) != RL_OK) {
		rl_dl_error_set(&diag);
		return NULL;
	}
	return object == NULL ? NULL : rl_process.personality.handle_of(object);
}

void *rl_dl_open_quietly(const char *name, int mode, const void *caller)
{
	enum { PUBLIC_MODES = 0xffff };
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_object *object = NULL;
	enum rl_status status = rl_dl_open_object(name, mode & PUBLIC_MODES, caller, &object, &diag);
	rl_diag_drop(&diag);
	return status != RL_OK || object == NULL ? NULL : rl_process.personality.handle_of(object);
}

static enum rl_status close_handle(void *handle, struct rl_diag *diag)
{
	struct rl_object *object = rl_process.personality.object_of(handle);
	if (object == NULL)
		return rl_fail(diag, RL_REQUEST_NOT_OPEN);
	return rl_close(&rl_process.linker, object, diag);
}

int rl_dl_close(void *handle)
{
	struct rl_diag diag = RL_DIAG_NONE;
	rl_dl_error_clear();
	if (close_handle(handle, &diag) == RL_OK)
		return 0;
	rl_dl_error_set(&diag);
	return -1;
}

int rl_dl_close_quietly(void *handle)
{
	struct rl_diag diag = RL_DIAG_NONE;
	enum rl_status status = close_handle(handle, &diag);
	rl_diag_drop(&diag);
	return status == RL_OK ? 0 : -1;
}
