/* Checking needed versions before anything is bound.  Under the load lock. */
#include <string.h>

#include "../elf/versions.h"
#include "graph.h"
#include "namespace.h"

static bool version_is_defined(const struct rl_symbols *symbols, const struct rl_need *need)
{
	for (size_t i = 0; i < symbols->version_count; i++) {
		const struct rl_version *version = &symbols->versions[i];
		if (version->hash == need->hash && version->name != NULL && version->file == NULL
		    && strcmp(version->name, need->version) == 0)
			return true;
	}
	return false;
}

/* One requirement of OBJECT.  RL_OK also for what is only worth a warning. */
static enum rl_status need_check(struct rl_linker *linker, struct rl_object *object, const struct rl_need *need,
				 struct rl_diag *diag)
{
	struct rl_object *definer = rl_namespace_find(object->namespace, need->file);
	if (definer == NULL)
		return RL_OK; /* the file is not in DT_NEEDED: nothing to compare with */
	if (definer->dynamic.verdef_vaddr != 0 && version_is_defined(&definer->symbols, need))
		return RL_OK;
	struct rl_diag found = RL_DIAG_NONE;
	bool is_fatal = definer->dynamic.verdef_vaddr != 0 && !need->is_weak;
	rl_fail(is_fatal ? diag : &found, RL_VERSION_NOT_FOUND, .subject = definer->path, .requester = object->path,
		.symbol = definer->dynamic.verdef_vaddr != 0 ? need->version : "", .value = need->is_weak);
	if (is_fatal)
		return RL_VERSION_NOT_FOUND;
	linker->warn(linker, &found);
	rl_diag_drop(&found);
	return RL_OK;
}

static enum rl_status object_check(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag)
{
	struct rl_need_cursor cursor = rl_need_start(&object->image, &object->dynamic);
	struct rl_need need;
	enum rl_status status, worst = RL_OK;
	while (rl_need_next(&cursor, &need, &status)) {
		enum rl_status one = need_check(linker, object, &need, diag);
		if (one == RL_OK)
			continue;
		worst = one;
		if (linker->is_running)
			return one;
		/* At start every missing version is reported before the process ends. */
		linker->warn(linker, diag);
		rl_diag_drop(diag);
	}
	if (status != RL_OK)
		return rl_fail(diag, status, .subject = object->path);
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
		if (status != RL_OK && linker->is_running)
			return status;
		if (status != RL_OK)
			worst = status;
	}
	return worst;
}
