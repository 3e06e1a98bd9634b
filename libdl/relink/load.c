/* Loading: from an input, or by a name. */
#include <string.h>

#include "../../ldso/base/heap.h"
#include "../../ldso/link/list.h"
#include "../../ldso/link/load.h"
#include "../../ldso/link/open.h"
#include "engine.h"

enum {
	ALL_FLAGS = RELINK_LAZY | RELINK_GLOBAL | RELINK_PERMANENT | RELINK_COPY | RELINK_NO_DEPENDENCIES
		    | RELINK_DEFER_INIT | RELINK_SELF_FIRST | RELINK_ONLY_LIBRARY | RELINK_ONLY_EXECUTABLE
		    | RELINK_ONLY_OBJECT,
	ONLY_FLAGS = RELINK_ONLY_LIBRARY | RELINK_ONLY_EXECUTABLE | RELINK_ONLY_OBJECT,
};

enum rl_status rl_scope_read(const relink_context *context, relink_module *const *modules, size_t count,
			     struct rl_object_list *out)
{
	for (size_t i = 0; i < count; i++) {
		const relink_module *module = modules[i];
		if (!rl_module_is_good(module) || (module->context != NULL && module->context != context))
			return RL_REQUEST_HANDLE;
		if (!rl_list_has(out, module->object))
			RL_TRY(rl_list_append(out, module->object));
	}
	return RL_OK;
}

/* What the host loaded by itself it may unload by itself: not while a module of ours needs it. */
void rl_hosted_keep(struct rl_object *object)
{
	enum { LAZY = 1, NOLOAD = 4 };
	struct rl_host_shadow *shadow = object->is_hosted ? rl_host_shadow(object) : NULL;
	if (shadow != NULL && shadow->is_late && shadow->kept == NULL && object->path[0] != '\0')
		shadow->kept = rl_host.functions.open(object->path, LAZY | NOLOAD);
}

/* Where an object comes from. */
struct origin {
	const char *name;
	struct rl_file *file;               /* NULL: the name tells */
	const struct rl_adoption *adoption; /* NULL: it is no image in memory */
};

/* The lock is held. */
static enum rl_status open_object(relink_context *context, const struct origin *origin, const relink_options *options,
				  relink_module **out_module, struct rl_diag *diag)
{
	const char *name = origin->name;
	struct rl_object_list scope = {0};
	struct rl_object *object = NULL;
	enum rl_status status = rl_host_refresh(&rl_host, diag);
	if (status == RL_OK) {
		status = rl_scope_read(context, options->scope, options->scope_count, &scope);
		if (status != RL_OK)
			status = rl_fail(diag, status, .subject = name);
	}
	if (status == RL_OK) {
		struct rl_open_request request = {.name = name,
						  .file = origin->file,
						  .adoption = origin->adoption,
						  .is_lazy = (options->flags & RELINK_LAZY) != 0,
						  .is_global = (options->flags & RELINK_GLOBAL) != 0,
						  .is_permanent = (options->flags & RELINK_PERMANENT) != 0,
						  .binds_deeply = (options->flags & RELINK_SELF_FIRST) != 0,
						  .is_copy = (options->flags & RELINK_COPY) != 0,
						  .needs_nothing = (options->flags & RELINK_NO_DEPENDENCIES) != 0,
						  .defers_calls = (options->flags & RELINK_DEFER_INIT) != 0,
						  .scope = &scope};
		rl_engine.wanted_kinds = options->flags & ONLY_FLAGS;
		status = rl_open(&rl_engine.linker, &context->space, &request, &object, diag);
		rl_engine.wanted_kinds = 0;
	}
	rl_list_drop(&scope);
	if (status != RL_OK)
		return status;
	for (size_t i = 0; i < object->closure.count; i++)
		rl_hosted_keep(object->closure.items[i]);
	relink_module *module = rl_module_take(object);
	object->open_count--; /* the handle has its own */
	if (module == NULL)
		return rl_fail(diag, RL_NO_MEMORY, .subject = name);
	*out_module = module;
	return RL_OK;
}

static relink_status origin_open(relink_context *context, const struct origin *origin, const relink_options *options,
				 relink_module **out_module, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	rl_engine_lock();
	enum rl_status status = open_object(context, origin, options, out_module, &diag);
	rl_engine_unlock();
	return status == RL_OK ? RELINK_OK : rl_error_take(&diag, error);
}

static const relink_options no_options;

static relink_status arguments_check(const relink_context *context, const relink_options *options,
				     relink_module *const *out_module)
{
	unsigned only = options->flags & ONLY_FLAGS;
	if (context == NULL || out_module == NULL || (options->flags & ~(unsigned)ALL_FLAGS) || (only & (only - 1))
	    || (options->scope_count != 0 && options->scope == NULL))
		return RELINK_E_ARGUMENT;
	return RELINK_OK;
}

/* What the header alone tells about the kind; a PIE and a library have the same type (rl_hooks_accept). */
static enum rl_status kind_check(const struct rl_file *file, const relink_input *input, unsigned flags,
				 struct rl_diag *diag)
{
	unsigned type = ((const Elf64_Ehdr *)file->head.bytes)->e_type;
	bool fits = !(flags & ONLY_FLAGS) || (flags & RELINK_ONLY_OBJECT ? type == ET_REL : type != ET_REL);
	if (flags & RELINK_ONLY_LIBRARY)
		fits = type == ET_DYN;
	return fits ? RL_OK : rl_fail(diag, RL_OPEN_EXECUTABLE, .subject = input->name, .value = type);
}

relink_status rl_load_file(relink_context *context, const relink_input *input, struct rl_file *file,
			   const relink_options *options, relink_module **out_module, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	if (options == NULL)
		options = &no_options;
	relink_status refused = arguments_check(context, options, out_module);
	if (refused != RELINK_OK)
		return rl_error_plain(error, refused, input->name);
	if (kind_check(file, input, options->flags, &diag) != RL_OK)
		return rl_error_take(&diag, error);
	struct origin origin = {.name = input->name != NULL ? input->name : "<memory>", .file = file};
	return origin_open(context, &origin, options, out_module, error);
}

relink_status relink_load(relink_context *context, const relink_input *input, const relink_options *options,
			  relink_module **out_module, relink_error *error)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_input_source source;
	struct rl_file file;
	if (context == NULL || out_module == NULL || input == NULL || (input->kind == 0 && input->name == NULL))
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	enum rl_status opened = rl_input_open(input, &source, &file, &diag);
	if (opened == RL_ELF_MAGIC && rl_input_is_archive(input)) {
		rl_diag_drop(&diag);
		return relink_link(context, input->name, input, 1, options, out_module, error);
	}
	if (opened != RL_OK)
		return rl_error_take(&diag, error);
	relink_status status = rl_load_file(context, input, &file, options, out_module, error);
	rl_heap_give(file.path); /* NULL if the module has taken it */
	rl_input_close(&file);
	return status;
}

relink_status relink_load_mapped(relink_context *context, const relink_mapped *mapped, const relink_options *options,
				 relink_module **out_module, relink_error *error)
{
	if (options == NULL)
		options = &no_options;
	if (mapped == NULL || mapped->name == NULL || mapped->program_headers == NULL
	    || arguments_check(context, options, out_module) != RELINK_OK)
		return rl_error_plain(error, RELINK_E_ARGUMENT, "");
	struct rl_adoption adoption = {.kind = RL_OBJECT_OPENED,
				       .path = mapped->name,
				       .phdrs = mapped->program_headers,
				       .phdr_count = mapped->program_header_count,
				       .bias = mapped->bias,
				       .entry = mapped->entry == 0 ? mapped->bias : mapped->entry};
	struct origin origin = {.name = mapped->name, .adoption = &adoption};
	return origin_open(context, &origin, options, out_module, error);
}

relink_status relink_open(relink_context *context, const char *name, const relink_options *options,
			  relink_module **out_module, relink_error *error)
{
	if (options == NULL)
		options = &no_options;
	relink_status refused = name == NULL || *name == '\0' ? RELINK_E_ARGUMENT
							     : arguments_check(context, options, out_module);
	if (refused != RELINK_OK)
		return rl_error_plain(error, refused, "");
	struct origin origin = {.name = name};
	return origin_open(context, &origin, options, out_module, error);
}

relink_status relink_initialize(relink_module *module)
{
	if (!rl_module_is_good(module))
		return RELINK_E_HANDLE;
	rl_construct(&rl_engine.linker, module->object);
	return RELINK_OK;
}

relink_status relink_make_global(relink_module *module, relink_error *error)
{
	if (!rl_module_is_good(module) || module->context == NULL)
		return rl_error_plain(error, RELINK_E_HANDLE, "");
	rl_engine_lock();
	enum rl_status status = rl_globalize(module->object);
	rl_engine_unlock();
	return status == RL_OK ? RELINK_OK : rl_error_plain(error, RELINK_E_MEMORY, module->object->path);
}
