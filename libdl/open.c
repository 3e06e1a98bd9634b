/* dlopen, dlmopen, dlclose. */
#include <errno.h>

#include "../ldso/link/open.h"
#include "dl.h"

static enum rl_status mode_check(const char *name, int mode, struct rl_diag *diag)
{
	enum { KNOWN = RL_DL_LAZY | RL_DL_NOW | RL_DL_NOLOAD | RL_DL_DEEPBIND | RL_DL_GLOBAL | RL_DL_NODELETE };
	if (mode & ~KNOWN)
		return rl_fail(diag, RL_REQUEST_PARAMETER);
	if ((mode & (RL_DL_LAZY | RL_DL_NOW)) == 0)
		return rl_fail(diag, RL_REQUEST_MODE, .subject = name, .error_number = EINVAL);
	return RL_OK;
}

enum rl_status rl_dl_open_object(const char *name, int mode, const void *caller, struct rl_object **out_object,
				 struct rl_diag *diag)
{
	if (name == NULL)
		name = "";
	RL_TRY(mode_check(name, mode, diag));
	struct rl_object *requester = rl_dl_object_at(caller);
	struct rl_open_request request = {
		.name = name,
		.caller = requester != NULL ? requester : rl_process.linker.program,
		.is_lazy = (mode & RL_DL_NOW) == 0,
		.is_global = (mode & RL_DL_GLOBAL) != 0,
		.is_permanent = (mode & RL_DL_NODELETE) != 0,
		.binds_deeply = (mode & RL_DL_DEEPBIND) != 0,
		.only_loaded = (mode & RL_DL_NOLOAD) != 0,
	};
	return rl_open(&rl_process.linker, &rl_process.linker.base, &request, out_object, diag);
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

void *rl_dl_open_in(long namespace_id, const char *name, int mode, const void *caller)
{
	if (namespace_id == rl_process.linker.base.id)
		return rl_dl_open(name, mode, caller);
	struct rl_diag diag = RL_DIAG_NONE;
	(void)!rl_fail(&diag, RL_REQUEST_NAMESPACE, .subject = name, .error_number = EINVAL);
	rl_dl_error_set(&diag);
	return NULL;
}

void *rl_dl_open_quietly(const char *name, int mode)
{
	enum { PUBLIC_MODES = 0xffff };
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_object *object = NULL;
	enum rl_status status = rl_dl_open_object(name, mode & PUBLIC_MODES, NULL, &object, &diag);
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
