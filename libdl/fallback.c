/* Where libdl-relink.so and the host meet: objects of the host's that ours need, opens that only the host can do, and
 * the errors of its functions. */
#include <errno.h>
#include <string.h>

#include "../ldso/base/heap.h"
#include "../ldso/base/sys.h"
#include "../ldso/base/text.h"
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

/* What the host's dlerror says.  It sets errno, which is our caller's until that one asks for the text. */
static const char *host_error(int *out_number)
{
	int *place = rl_host.functions.errno_location == NULL ? NULL : rl_host.functions.errno_location();
	int before = place == NULL ? 0 : *place;
	if (place != NULL)
		*place = 0;
	const char *text = rl_host.functions.error();
	*out_number = place == NULL ? 0 : *place;
	if (place != NULL)
		*place = before;
	return text;
}

void rl_preload_error_take(void)
{
	int number;
	const char *text = host_error(&number);
	rl_dl_error_put(text == NULL ? NULL : rl_heap_string(text), number);
}

/* Failures that mean "not by a guest". */
static bool needs_host(enum rl_status status)
{
	return status == RL_TLS_STATIC_FULL || status == RL_STACK_EXECUTABLE;
}

/* Behind the gate, so that no child of a fork gets half of it. */
void *rl_preload_open_by_host(const char *path, int mode, struct rl_object **out_object)
{
	rl_gate_enter(&linker()->gate);
	void *handle = rl_host.functions.open(path, mode);
	rl_preload_refresh();
	*out_object = handle == NULL ? NULL : rl_host_object(&rl_host, handle);
	if (*out_object != NULL)
		(void)rl_host_keep(&rl_host, *out_object, handle);
	rl_gate_leave(&linker()->gate);
	return handle;
}

/* The host searches on behalf of whoever calls it, which is us: it gets the path that our own search finds.  Heap memory;
 * NULL: nothing was found. */
static char *path_find(const char *name, struct rl_object *caller)
{
	struct rl_file file = {.path = NULL};
	struct rl_diag ignored = RL_DIAG_NONE;
	if (linker()->policy.find(linker()->policy.context, name, caller, &linker()->base, &file, &ignored) == RL_OK)
		rl_sys_close(file.fd);
	rl_diag_drop(&ignored);
	return file.path;
}

/* The host's failure of NAME, which was asked for under PATH: an invalid argument is told with the name. */
static void error_take_named(const char *name, const char *path)
{
	int number;
	const char *text = host_error(&number), *reason = rl_host.functions.strerror(EINVAL);
	size_t path_size = strlen(path), size = text == NULL ? 0 : strlen(text), reason_size = strlen(reason);
	if (text == NULL || size < path_size + reason_size || strncmp(text, path, path_size) != 0
	    || strcmp(text + size - reason_size, reason) != 0) {
		rl_dl_error_put(text == NULL ? NULL : rl_heap_string(text), number);
		return;
	}
	char *told = rl_heap_take(strlen(name) + size - path_size + 1);
	if (told != NULL)
		rl_text_format(told, strlen(name) + size - path_size + 1, "%s%s", name, text + path_size);
	rl_dl_error_put(told, number);
}

void *rl_preload_open_in(long namespace_id, const char *name, int mode, const void *caller)
{
	char *path = NULL;
	rl_dl_error_clear();
	rl_host_lock(&rl_host);
	rl_preload_refresh();
	struct rl_object *requester = rl_dl_object_at(caller);
	rl_gate_enter(&linker()->gate);
	bool is_valid = name != NULL && (mode & (RL_DL_LAZY | RL_DL_NOW)) != 0; /* else the host names it as it was asked */
	if (is_valid && strchr(name, '/') == NULL && strchr(name, '$') == NULL)
		path = path_find(name, requester != NULL ? requester : linker()->program);
	void *handle = rl_host.functions.open_in(namespace_id, path != NULL ? path : name, mode);
	rl_gate_leave(&linker()->gate);
	rl_host_unlock(&rl_host);
	if (handle == NULL && path != NULL && rl_host.functions.strerror != NULL)
		error_take_named(name, path);
	else if (handle == NULL)
		rl_preload_error_take();
	rl_heap_give(path);
	return handle;
}

/* STATUS is that of our own attempt, and DIAG has its words. */
static enum rl_status host_ask(const char *name, int mode, struct rl_object *caller, enum rl_status status,
			       void **out_handle, struct rl_diag *diag)
{
	struct rl_object *object = NULL;
	char *path = path_find(name, caller);
	void *handle = path == NULL ? NULL : rl_preload_open_by_host(path, mode, &object);
	rl_heap_give(path);
	if (handle == NULL)
		return status;
	if (object != NULL) {
		/* Our own open finds it loaded and makes its scope. */
		struct rl_open_request request = {.name = object->path, .caller = caller, .is_lazy = true,
						  .is_global = (mode & RL_DL_GLOBAL) != 0,
						  .is_permanent = (mode & RL_DL_NODELETE) != 0};
		rl_diag_drop(diag);
		RL_TRY(rl_open(linker(), &linker()->base, &request, &object, diag));
		handle = rl_host_handle(object);
	}
	*out_handle = handle;
	return RL_OK;
}

static enum rl_status open_object(const char *name, int mode, const void *caller, void **out_handle,
				  struct rl_diag *diag)
{
	struct rl_object *object = NULL;
	enum rl_status status = rl_dl_open_object(name, mode, caller, &object, diag);
	if (status == RL_OK)
		*out_handle = object == NULL ? NULL : rl_host_handle(object);
	if (!needs_host(status))
		return status;
	struct rl_object *requester = rl_dl_object_at(caller);
	return host_ask(name, mode, requester != NULL ? requester : linker()->program, status, out_handle, diag);
}

void *rl_preload_open(const char *name, int mode, const void *caller)
{
	struct rl_diag diag = RL_DIAG_NONE;
	void *handle = NULL;
	rl_dl_error_clear();
	rl_host_lock(&rl_host);
	enum rl_status status = rl_host_refresh(&rl_host, &diag);
	if (status == RL_OK)
		status = rl_host.is_glibc ? open_object(name, mode, caller, &handle, &diag)
					  : rl_preload_musl_open(name, mode, &handle, &diag);
	rl_host_release(&rl_host);
	rl_host_unlock(&rl_host);
	if (status != RL_OK)
		rl_dl_error_set(&diag);
	rl_diag_drop(&diag);
	return handle;
}

int rl_preload_close(struct rl_object *object)
{
	struct rl_diag diag = RL_DIAG_NONE;
	rl_dl_error_clear();
	rl_host_lock(&rl_host);
	enum rl_status status = rl_close(linker(), object, &diag);
	rl_host_release(&rl_host);
	rl_host_unlock(&rl_host);
	if (status == RL_OK)
		return 0;
	rl_dl_error_set(&diag);
	return -1;
}
