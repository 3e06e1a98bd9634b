/* libdl-relink.so in a process that musl's loader started: the engine goes by musl's rules, and whatever fails is musl's
 * to do or to refuse, for it knows its own exceptions and words best. */
#include <string.h>

#include "../ldso/abi/musl/musl.h"
#include "../ldso/link/calls.h"
#include "../ldso/link/open.h"
#include "preload.h"

/* musl is all libraries of libc in one. */
static enum rl_status name_claim(void *context, const char *name, struct rl_object *requester,
				 struct rl_namespace *namespace, struct rl_object **out_object, struct rl_diag *diag)
{
	(void)requester, (void)namespace, (void)diag;
	const struct rl_host *host = context;
	if (rl_musl_libc_part(name) < 0)
		return RL_OK;
	for (struct rl_object *object = host->linker->base.first; object != NULL; object = object->next)
		if (rl_host_shadow(object)->hosted == host->libc_map)
			*out_object = object;
	return RL_OK;
}

/* A second libc is never wanted. */
static struct rl_object *substitute(void *context, struct rl_object *object)
{
	struct rl_object *libc = NULL;
	struct rl_diag diag = RL_DIAG_NONE;
	if (rl_musl_is_libc(object))
		(void)!name_claim(context, "libc.so", NULL, NULL, &libc, &diag);
	return libc;
}

/* Exit has begun. */
static void closing(void)
{
	rl_host.opens_all = true; /* musl refuses, in its words */
}

void rl_preload_musl_start(void)
{
	if (rl_host.functions.at_exit != NULL)
		rl_host.functions.at_exit(closing);
}

/* Destructors run in the reverse order of constructors, and not of what is still being constructed. */
static void construct(struct rl_linker *linker, const struct rl_object *root)
{
	for (size_t i = root->sorted.count; i-- > 0;) {
		struct rl_object *object = root->sorted.items[i];
		if (object->init_called || object->is_hosted)
			continue;
		struct rl_host_shadow *shadow = rl_host_shadow(object);
		struct rl_object_list one = {&object, 1, 1};
		shadow->next_constructed = rl_host.constructed;
		rl_host.constructed = object;
		rl_calls_init_list(linker, &one);
		shadow->is_constructed = true;
	}
}

void rl_preload_musl_end(void)
{
	for (struct rl_object *object = rl_host.constructed; object != NULL;
	     object = rl_host_shadow(object)->next_constructed)
		if (rl_host_shadow(object)->is_constructed)
			rl_calls_fini(&rl_process.linker, object);
}

void rl_preload_musl_engine(struct rl_linker *linker, struct rl_musl_search *search)
{
	search->loader_name = rl_host.libc_map->l_name;
	linker->policy = rl_musl_search_policy(search);
	linker->abi.name_claim = name_claim;
	linker->abi.object_substitute = substitute;
	linker->rules = rl_musl_rules();
	linker->sort = rl_musl_sort;
	linker->binds_now = true;
}

char *rl_preload_musl_error_text(const struct rl_diag *diag)
{
	const struct rl_musl words = {.functions.strerror = rl_host.functions.strerror};
	struct rl_diag told = *diag;
	if (told.status == RL_SYMBOL_UNDEFINED && told.value == RL_DL_ASKED)
		told.status = RL_REQUEST_SYMBOL;
	return rl_musl_error_text(&words, &told);
}

/* What is musl's own is opened by musl once more, for it may become global, or bring what others miss.  When musl has
 * opened a library that lacks symbols and waits for them, it must see all that is opened later. */
enum rl_status rl_preload_musl_open(const char *name, int mode, void **out_handle, struct rl_diag *diag)
{
	struct rl_linker *linker = &rl_process.linker;
	struct rl_object *object = NULL;
	if (name == NULL) {
		*out_handle = rl_host_handle(linker->program);
		return RL_OK;
	}
	struct rl_open_request request = {.name = name,
					  .caller = linker->program, /* whoever asks */
					  .is_global = (mode & RL_DL_GLOBAL) != 0,
					  .is_permanent = true,
					  .only_loaded = (mode & RL_DL_NOLOAD) != 0 || rl_host.opens_all};
	enum rl_status status = rl_open(linker, &linker->base, &request, &object, diag);
	if (status != RL_OK)
		object = NULL;
	if (status == RL_SYMBOL_UNDEFINED && (mode & RL_DL_LAZY))
		rl_host.opens_all = true;
	rl_diag_drop(diag);
	*out_handle = object == NULL ? NULL : rl_host_handle(object);
	if (object != NULL && !object->is_hosted)
		construct(linker, object);
	if (object != NULL && (!object->is_hosted || object == linker->program))
		return RL_OK;
	*out_handle = rl_preload_open_by_host(object != NULL ? object->path : name, mode, &object);
	if (*out_handle == NULL)
		rl_preload_error_take();
	if (object == NULL)
		return RL_OK;
	/* Our own open finds it loaded and makes its scope. */
	request.name = object->path;
	return rl_open(linker, &linker->base, &request, &object, diag);
}

int rl_preload_musl_info(struct rl_object *object, int request, void *out)
{
	return rl_dl_info_musl(rl_host_handle(object), request, out);
}
