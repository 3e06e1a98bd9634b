/* The personality's side of the engine's contract. */
#include "glibc.h"

#include <string.h>

#include "../../base/heap.h"
#include "../../link/guard.h"
#include "globals.h"

static bool is_libc(const struct rl_object *object)
{
	return object->dynamic.soname != NULL && strcmp(object->dynamic.soname, "libc.so.6") == 0;
}

/* All namespaces' libcs read the same _rtld_global. */
static enum rl_status libc_check(const struct rl_glibc *glibc, const struct rl_object *object, struct rl_diag *diag)
{
	struct rl_glibc_identity identity;
	const struct rl_glibc_layout *layout;
	enum rl_status status = rl_glibc_identify(&object->image, &object->symbols, &layout, &identity);
	if (status == RL_OK && layout == glibc->layout)
		return RL_OK;
	return rl_fail(diag, RL_LIBC_UNKNOWN, .subject = object->path, .symbol = identity.version);
}

static enum rl_status object_attach(void *context, struct rl_object *object, struct rl_diag *diag)
{
	const struct rl_glibc *glibc = context;
	if (object->namespace != &glibc->linker->base && is_libc(object))
		RL_TRY(libc_check(glibc, object, diag));
	if (!RL_PORT_GLIBC_CALLS_INIT)
		object->dynamic.init = 0;
	rl_guard_object(object, glibc->linker->page_size);
	enum rl_status status = rl_shadow_attach(context, object);
	return status == RL_OK ? RL_OK : rl_fail(diag, status, .subject = object->path);
}

static void object_detach(void *context, struct rl_object *object)
{
	rl_shadow_detach(context, object);
}

static void object_list(void *context, struct rl_object *object)
{
	rl_shadow_list(context, object);
}

static void object_unlist(void *context, struct rl_object *object)
{
	rl_shadow_unlist(context, object);
}

static void objects_ready(void *context, struct rl_object *first)
{
	struct rl_glibc *glibc = context;
	if (first->namespace == &glibc->linker->base)
		return;
	for (struct rl_object *object = first; object != NULL; object = object->next)
		if (is_libc(object))
			rl_glibc_libc_start(glibc, object);
}

static void list_reordered(void *context)
{
	rl_shadow_relink(context);
}

static void object_tls(void *context, struct rl_object *object)
{
	struct rl_glibc *glibc = context;
	if (glibc->layout != NULL)
		rl_shadow_tls(glibc, object);
}

static bool object_is_busy(void *context, struct rl_object *object)
{
	return rl_shadow_destructor_count(context, object) != 0;
}

static enum rl_status stack_prepare(void *context, struct rl_object *first, struct rl_diag *diag)
{
	struct rl_glibc *glibc = context;
	for (struct rl_object *object = first; object != NULL; object = object->next) {
		if (object->kind == RL_OBJECT_VDSO || !(object->stack_flags & PF_X) || (glibc->stack_flags & PF_X))
			continue;
		if (rl_glibc_stacks_make_executable(glibc) != RL_OK)
			return rl_fail(diag, RL_STACK_EXECUTABLE, .subject = object->path);
	}
	return RL_OK;
}

static void lock(void *context)
{
	struct rl_glibc *glibc = context;
	if (glibc->layout != NULL)
		rl_glibc_lock(glibc, glibc->layout->global.dl_load_lock);
}

static void unlock(void *context)
{
	struct rl_glibc *glibc = context;
	if (glibc->layout != NULL)
		rl_glibc_unlock(glibc, glibc->layout->global.dl_load_lock);
}

static bool threads_resize(void *context, size_t size)
{
	return rl_glibc_threads_resize(context, size);
}

struct rl_abi rl_glibc_abi(struct rl_glibc *glibc)
{
	enum { THREAD_SIZE_WITHOUT_LIBC = 2560, THREAD_ALIGN = 64 };
	return (struct rl_abi){
		.context = glibc,
		.thread_size = THREAD_SIZE_WITHOUT_LIBC,
		.thread_align = THREAD_ALIGN,
		.relr_version = "GLIBC_ABI_DT_RELR",
		.relr_library_prefix = "libc.so.",
		.object_attach = object_attach,
		.object_detach = object_detach,
		.object_list = object_list,
		.object_unlist = object_unlist,
		.list_reordered = list_reordered,
		.object_tls = object_tls,
		.objects_ready = objects_ready,
		.object_is_busy = object_is_busy,
		.stack_prepare = stack_prepare,
		.lock = lock,
		.unlock = unlock,
		.threads_resize = threads_resize,
	};
}

enum rl_status rl_glibc_choose(struct rl_glibc *glibc, struct rl_object *object, struct rl_diag *diag)
{
	struct rl_glibc_identity identity;
	const struct rl_glibc_layout *layout;
	enum rl_status status = rl_glibc_identify(&object->image, &object->symbols, &layout, &identity);
	if (status != RL_OK)
		return rl_fail(diag, status, .subject = object->path, .symbol = identity.version);
	glibc->layout = layout;
	glibc->libc = object;
	glibc->linker->abi.thread_size = layout->pthread.size + RL_TLS_TCB_BELOW;
	if (layout->rseq_place == RL_GLIBC_RSEQ_EXTRA_TLS) {
		enum { LEAST = 32 };
		uint64_t size = glibc->kernel->aux[RL_AT_RSEQ_FEATURE_SIZE], align = glibc->kernel->aux[RL_AT_RSEQ_ALIGN];
		align = align < LEAST ? LEAST : align;
		glibc->linker->tls.extra_align = align;
		glibc->linker->tls.extra_size = ((size < LEAST ? LEAST : size) + align - 1) & -align;
	}
	for (struct rl_object *known = glibc->linker->base.first; known != NULL; known = known->next)
		rl_shadow_complete(glibc, known);
	return RL_OK;
}
