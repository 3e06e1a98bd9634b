/* Handles, and what can be asked about a module. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/link/load.h"
#include "../../ldso/link/namespace.h"
#include "../../ldso/link/open.h"
#include "engine.h"

relink_module *rl_module_take(struct rl_object *object)
{
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	relink_module *module = shadow->attachment;
	if (module != NULL) {
		atomic_fetch_add(&module->references, 1);
		return module;
	}
	module = rl_heap_take(sizeof *module);
	if (module == NULL)
		return NULL;
	module->object = object;
	module->context = rl_context_of(object);
	module->magic = RL_MODULE_MAGIC;
	atomic_store(&module->references, 1);
	object->open_count++;
	if (module->context != NULL)
		module->context->uses++;
	shadow->attachment = module;
	return module;
}

relink_module *relink_ref(relink_module *module)
{
	if (rl_module_is_good(module))
		atomic_fetch_add(&module->references, 1);
	return module;
}

/* The lock is held all the while: a handle that is taken meanwhile finds the old one or makes its own. */
void relink_unref(relink_module *module)
{
	if (!rl_module_is_good(module))
		return;
	rl_engine_lock();
	if (atomic_fetch_sub(&module->references, 1) == 1) {
		struct rl_object *object = module->object;
		relink_context *context = module->context;
		struct rl_diag diag = RL_DIAG_NONE;
		module->magic = 0;
		rl_host_shadow(object)->attachment = NULL;
		if (object->is_hosted)
			object->open_count--;
		else
			(void)!rl_close(&rl_engine.linker, object, &diag);
		rl_diag_drop(&diag);
		if (context == NULL || (context->flags & RELINK_KEEP_HANDLES) == 0)
			rl_heap_give(module);
		if (context != NULL)
			rl_context_release(context);
	}
	rl_engine_unlock();
}

static relink_kind kind_of(const struct rl_object *object)
{
	if (object->is_hosted)
		return RELINK_HOST;
	if (object->is_relocatable)
		return RELINK_OBJECT;
	if (object->is_synthetic)
		return RELINK_SYNTHETIC;
	if (object->dynamic.entries == NULL || (object->dynamic.flags_1 & DF_1_PIE) || object->image.bias == 0)
		return RELINK_EXECUTABLE;
	return RELINK_LIBRARY;
}

static const char *base_name(const char *path)
{
	const char *base = path;
	for (const char *c = path; *c != '\0'; c++)
		if (*c == '/')
			base = c + 1;
	return base;
}

void rl_info_fill(const struct rl_object *object, relink_info *out_info)
{
	const struct rl_dynamic *dynamic = &object->dynamic;
	relink_kind kind = kind_of(object);
	*out_info = (relink_info){
		.name = dynamic->soname != NULL ? dynamic->soname : base_name(object->path),
		.path = object->path,
		.kind = kind,
		.bias = object->image.bias,
		.map_start = object->map_start,
		.map_end = object->map_end,
		.entry = object->entry == object->image.bias ? 0 : object->entry,
		.program_headers = kind == RELINK_SYNTHETIC ? NULL : object->phdr,
		.program_header_count = kind == RELINK_SYNTHETIC ? 0 : object->image.phdr_count,
		.dynamic = object->is_hosted ? rl_host_shadow(object)->hosted->l_ld : dynamic->entries,
		.eh_frame_header = object->eh_frame_header,
		.soname = dynamic->soname,
		.rpath = dynamic->rpath,
		.runpath = dynamic->runpath,
		.tls_module = object->tls.module,
		.tls_size = object->tls.size,
		.tls_align = object->tls.size == 0 ? 0 : object->tls.align,
		.dependency_count = object->needed.count,
		.is_lazy = object->is_lazy,
		.is_initialized = object->init_called,
		.is_permanent = rl_object_stays(object),
		.is_global = object->is_global,
	};
}

void relink_get_info(const relink_module *module, relink_info *out_info)
{
	if (!rl_module_is_good(module)) {
		*out_info = (relink_info){.name = "", .path = ""};
		return;
	}
	rl_engine_lock();
	rl_info_fill(module->object, out_info);
	rl_engine_unlock();
}

relink_module *relink_dependency(relink_module *module, size_t index)
{
	relink_module *dependency = NULL;
	if (!rl_module_is_good(module))
		return NULL;
	rl_engine_lock();
	if (index < module->object->needed.count)
		dependency = rl_module_take(module->object->needed.items[index]);
	rl_engine_unlock();
	return dependency;
}

relink_module *relink_module_at(const void *address)
{
	relink_module *module = NULL;
	if (rl_engine_start() != RELINK_OK)
		return NULL;
	rl_engine_lock();
	struct rl_object *object = rl_address_find(&rl_engine.linker.addresses, (uintptr_t)address);
	if (object != NULL)
		module = rl_module_take(object);
	rl_engine_unlock();
	return module;
}

relink_module *relink_module_named(relink_context *context, const char *name)
{
	relink_module *module = NULL;
	if (context == NULL || name == NULL)
		return NULL;
	rl_engine_lock();
	struct rl_object *object = rl_namespace_find(&context->space, name);
	if (object != NULL)
		module = rl_module_take(object);
	rl_engine_unlock();
	return module;
}

int relink_each_module(relink_context *context, relink_module_visitor *visit, void *user)
{
	int result = 0;
	if (context == NULL || visit == NULL)
		return 0;
	rl_engine_lock();
	for (struct rl_object *object = context->space.first, *next; object != NULL && result == 0; object = next) {
		relink_info info;
		next = object->next;
		rl_info_fill(object, &info);
		result = visit(user, &info);
	}
	rl_engine_unlock();
	return result;
}

void relink_set_user(relink_module *module, void *user)
{
	if (rl_module_is_good(module))
		module->user = user;
}

void *relink_user(const relink_module *module)
{
	return rl_module_is_good(module) ? module->user : NULL;
}
