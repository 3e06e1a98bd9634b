/* Where libdl-relink.so and the host meet: objects of the host's that ours need, opens that only the host can do, and
 * the errors of its functions. */
#include <string.h>

#include "../ldso/base/heap.h"
#include "../ldso/base/sys.h"
#include "../ldso/link/open.h"
#include "preload.h"

static struct rl_linker *linker(void)
{
	return &rl_process.linker;
}

void *rl_preload_handle_of(struct rl_object *object)
{
	return rl_host_handle(object);
}

void rl_preload_refresh(void)
{
	struct rl_diag diag = RL_DIAG_NONE;
	rl_host_lock(&rl_host);
	(void)!rl_host_refresh(&rl_host, &diag);
	rl_diag_drop(&diag);
	rl_host_unlock(&rl_host);
}

void rl_preload_error_take(void)
{
	const char *text = rl_host.functions.error();
	rl_dl_error_put(text == NULL ? NULL : rl_heap_string(text));
}

/* What the host loaded by itself it may unload by itself: not while an object of ours needs it. */
static void hosted_keep(const struct rl_object *root)
{
	for (size_t i = 0; i < root->closure.count; i++) {
		struct rl_object *object = root->closure.items[i];
		struct rl_host_shadow *shadow = rl_host_shadow(object);
		if (object->is_hosted && shadow->is_late && shadow->kept == NULL)
			shadow->kept = rl_host.functions.open(object->path, RL_DL_LAZY | RL_DL_NOLOAD);
	}
}

/* Failures that mean "not by a guest". */
static bool needs_host(enum rl_status status)
{
	return status == RL_TLS_STATIC_FULL || status == RL_STACK_EXECUTABLE
	       || (status == RL_FILE_NOT_FOUND && !rl_host.is_glibc);
}

/* The host searches on behalf of whoever calls it, which is us: it gets the path that our own search finds. */
static void *open_by_host(const char *name, int mode, struct rl_object *caller)
{
	struct rl_file file = {.path = NULL};
	struct rl_diag diag = RL_DIAG_NONE;
	if (linker()->policy.find(linker()->policy.context, name, caller, &linker()->base, &file, &diag) == RL_OK)
		rl_sys_close(file.fd);
	else
		rl_diag_drop(&diag);
	if (file.path == NULL && rl_host.is_glibc)
		return NULL;
	void *handle = rl_host.functions.open(file.path != NULL ? file.path : name, mode);
	rl_heap_give(file.path);
	if (handle == NULL)
		return NULL;
	rl_preload_refresh();
	struct rl_object *object = rl_host_object(&rl_host, handle);
	if (object == NULL)
		return handle; /* it stays the host's alone */
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	shadow->kept = handle;
	shadow->was_opened = true;
	/* Our own open finds it loaded and makes its scope. */
	struct rl_open_request request = {.name = object->path, .caller = caller, .is_lazy = true,
					  .is_global = (mode & RL_DL_GLOBAL) != 0};
	if (rl_open(linker(), &linker()->base, &request, &object, &diag) != RL_OK)
		rl_diag_drop(&diag);
	return handle;
}

static enum rl_status open_object(const char *name, int mode, const void *caller, void **out_handle,
				  struct rl_diag *diag)
{
	struct rl_object *object = NULL;
	enum rl_status status = rl_dl_open_object(name, mode, caller, &object, diag);
	if (status == RL_OK) {
		*out_handle = object == NULL ? NULL : rl_host_handle(object);
		if (object != NULL)
			hosted_keep(object);
		return RL_OK;
	}
	if (!needs_host(status))
		return status;
	struct rl_object *requester = rl_dl_object_at(caller);
	*out_handle = open_by_host(name, mode, requester != NULL ? requester : linker()->program);
	return *out_handle == NULL ? status : RL_OK;
}

void *rl_preload_open(const char *name, int mode, const void *caller)
{
	struct rl_diag diag = RL_DIAG_NONE;
	void *handle = NULL;
	rl_dl_error_clear();
	if (!rl_host.is_glibc)
		mode |= RL_DL_NODELETE; /* musl unloads nothing, and its programs may count on that */
	rl_host_lock(&rl_host);
	enum rl_status status = rl_host_refresh(&rl_host, &diag);
	if (status == RL_OK)
		status = open_object(name, mode, caller, &handle, &diag);
	rl_host_unlock(&rl_host);
	if (status != RL_OK && (rl_host.is_glibc || !needs_host(status))) {
		rl_dl_error_set(&diag);
		return NULL;
	}
	if (status != RL_OK)
		rl_preload_error_take(); /* musl was asked last, and knows its own words best */
	rl_diag_drop(&diag);
	return handle;
}

int rl_preload_close_hosted(struct rl_object *object)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	rl_dl_error_clear();
	rl_host_lock(&rl_host);
	enum rl_status status = rl_close(linker(), object, &diag);
	void *kept = status == RL_OK && object->open_count == 0 && shadow->was_opened ? shadow->kept : NULL;
	if (kept != NULL) {
		shadow->kept = NULL;
		shadow->was_opened = false;
		rl_host.functions.close(kept);
		rl_preload_refresh();
	}
	rl_host_unlock(&rl_host);
	if (status == RL_OK)
		return 0;
	rl_dl_error_set(&diag);
	return -1;
}
