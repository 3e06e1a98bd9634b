/* Checking needed versions before anything is bound.  Under the load lock. */
#include <string.h>

#include "../elf/versions.h"
#include "graph.h"
#include "namespace.h"

/* The definition of what an object with these STRINGS needs. */
static const struct rl_version *version_find(const struct rl_symbols *symbols, const struct rl_need *need,
					     const struct rl_dynamic *strings)
{
	const char *end = symbols->strings + symbols->strings_size, *need_end = strings->strings + strings->strings_size;
	for (size_t i = 0; i < symbols->version_count; i++) {
		const struct rl_version *version = &symbols->versions[i];
		if (version->hash == need->hash && version->name != NULL && version->file == NULL
		    && rl_name_text_equal(version->name, end, need->version, need_end))
			return version;
	}
	return NULL;
}

/* Whether DEFINER is there as long as OBJECT is: records of one that may go are not compared by their place. */
static bool keeps(const struct rl_object *object, const struct rl_object *definer)
{
	if (definer == object || definer->kind != RL_OBJECT_OPENED)
		return true;
	for (size_t i = 0; i < object->needed.count; i++)
		if (object->needed.items[i] == definer)
			return true;
	return false;
}

/* One requirement of OBJECT.  RL_OK also for what is only worth a warning. */
static enum rl_status need_check(struct rl_linker *linker, struct rl_object *object, struct rl_object *definer,
				 const struct rl_need *need, struct rl_diag *diag)
{
	if (definer == NULL)
		return RL_OK; /* the file is not in DT_NEEDED: nothing to compare with */
	if (definer->dynamic.verdef_vaddr != 0) {
		const struct rl_version *definition = version_find(&definer->symbols, need, &object->dynamic);
		if (definition != NULL) {
			if (keeps(object, definer) && need->index < object->symbols.version_count)
				object->symbols.versions[need->index].definition = definition;
			return RL_OK;
		}
	}
	struct rl_diag found = RL_DIAG_NONE;
	bool is_fatal = definer->dynamic.verdef_vaddr != 0 && !need->is_weak;
	rl_fail(is_fatal ? diag : &found, RL_VERSION_NOT_FOUND, .subject = definer->path, .requester = object->path,
		.symbol = definer->dynamic.verdef_vaddr != 0 ? need->version : "", .value = need->is_weak);
	if (is_fatal)
		return RL_VERSION_NOT_FOUND;
	if (!linker->is_running)
		linker->warn(linker, &found);
	rl_diag_drop(&found);
	return RL_OK;
}

/* Report at start, where every missing version is shown before the process ends; at run time the first one counts. */
static enum rl_status report(struct rl_linker *linker, enum rl_status status, struct rl_diag *diag)
{
	if (!linker->is_running) {
		linker->warn(linker, diag);
		rl_diag_drop(diag);
	}
	return status;
}

/* A libc without DT_RELR would run such a file unrelocated: files must say that they need one that has it. */
static bool relr_is_undeclared(struct rl_linker *linker, const struct rl_object *object, bool declares_relr)
{
	const char *prefix = linker->abi.relr_library_prefix;
	if (prefix == NULL || declares_relr || object->dynamic.relr.count == 0)
		return false;
	for (size_t i = 0; i < object->dynamic.needs_end; i++) {
		const Elf64_Dyn *entry = &object->dynamic.entries[i];
		const char *name = entry->d_tag == DT_NEEDED ? rl_dynamic_string(&object->dynamic, entry->d_un.d_val)
							     : NULL;
		if (name != NULL && strncmp(name, prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

static enum rl_status object_check(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag)
{
	bool is_relocated_compactly = linker->abi.relr_version != NULL && object->dynamic.relr.count != 0;
	bool declares_relr = false;
	const char *file = NULL; /* the requirements for one file stand together */
	struct rl_object *definer = NULL;
	struct rl_need_cursor cursor = rl_need_start(&object->image, &object->dynamic);
	struct rl_need need;
	enum rl_status status, worst = RL_OK;
	while (rl_need_next(&cursor, &need, &status)) {
		if (need.file != file) {
			file = need.file;
			definer = rl_namespace_find(object->namespace, file);
		}
		enum rl_status one = need_check(linker, object, definer, &need, diag);
		if (is_relocated_compactly && strcmp(need.version, linker->abi.relr_version) == 0)
			declares_relr = true;
		if (one == RL_OK)
			continue;
		worst = report(linker, one, diag);
		if (linker->is_running)
			return worst;
	}
	if (status != RL_OK)
		return rl_fail(diag, status, .subject = object->path);
	if (relr_is_undeclared(linker, object, declares_relr))
		return rl_fail(diag, RL_VERSION_RELR, .subject = object->path);
	return worst;
}

enum rl_status rl_graph_check_versions(struct rl_linker *linker, const struct rl_object_list *list,
				       struct rl_diag *diag)
{
	enum rl_status worst = RL_OK;
	for (size_t i = 0; i < list->count; i++) {
		struct rl_object *object = list->items[i];
		if (object->is_relocated || object->dynamic.verneed_count == 0)
			continue;
		enum rl_status status = object_check(linker, object, diag);
		if (status != RL_OK && (linker->is_running || status != RL_VERSION_NOT_FOUND))
			return status;
		if (status != RL_OK)
			worst = status;
	}
	return worst;
}
