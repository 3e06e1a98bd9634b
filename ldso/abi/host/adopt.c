/* Reading the host's list of objects.  glibc adds the load address to some values of a dynamic section where it lies in
 * memory, musl does not; a private copy has all of them as the file does. */
#include "host.h"

#include <string.h>

#include "../../base/heap.h"
#include "../../base/sys.h"
#include "../../link/list.h"
#include "../../link/load.h"
#include "../../link/lookup.h"
#include "../../link/namespace.h"
#include "../../link/open.h"

#ifndef DT_RELR
#define DT_RELR 36
#endif

static uintptr_t image_end(const struct rl_image *image)
{
	uintptr_t end = 0;
	for (size_t i = 0; i < image->phdr_count; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		if (phdr->p_type == PT_LOAD && phdr->p_vaddr + phdr->p_memsz > end)
			end = phdr->p_vaddr + phdr->p_memsz;
	}
	return image->bias + end;
}

Elf64_Dyn *rl_host_dynamic_copy(const struct rl_image *image, const Elf64_Dyn *entries, size_t *out_count)
{
	uintptr_t end = image_end(image);
	size_t count = 1;
	while (entries[count - 1].d_tag != DT_NULL)
		count++;
	Elf64_Dyn *copy = rl_heap_take(count * sizeof *copy);
	if (copy == NULL)
		return NULL;
	memcpy(copy, entries, count * sizeof *copy);
	for (size_t i = 0; i < count; i++) {
		switch (copy[i].d_tag) {
		case DT_HASH:
		case DT_PLTGOT:
		case DT_STRTAB:
		case DT_SYMTAB:
		case DT_RELA:
		case DT_JMPREL:
		case DT_VERSYM:
		case DT_GNU_HASH:
		case DT_RELR:
		case DT_VERDEF:
		case DT_VERNEED:
			if (image->bias != 0 && copy[i].d_un.d_ptr >= image->bias && copy[i].d_un.d_ptr < end)
				copy[i].d_un.d_ptr -= image->bias;
		}
	}
	*out_count = count;
	return copy;
}

static struct rl_host_map *map_find(struct rl_host *host, const struct rl_phdr_info *info)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_DYNAMIC)
			continue;
		const Elf64_Dyn *dynamic = (const Elf64_Dyn *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		for (struct rl_host_map *map = host->maps; map != NULL; map = map->l_next)
			if (map->l_ld == dynamic)
				return map;
	}
	return NULL;
}

/* What the engine asks about a file by, and what only loading finds out otherwise. */
static enum rl_status facts_complete(struct rl_host *host, struct rl_object *object, Elf64_Dyn *dynamic)
{
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	struct rl_linker *linker = host->linker;
	struct stat info;
	shadow->dynamic = dynamic;
	shadow->is_late = host->is_started;
	if (!shadow->is_late && host->functions.find_object != NULL)
		(void)host->functions.find_object((void *)object->map_start, &shadow->found);
	object->is_relocated = true;
	object->init_called = true;
	if (linker->program == NULL)
		linker->program = object;
	else if (!shadow->is_late)
		object->loader = linker->program;
	if (strchr(object->path, '/') != NULL && !rl_sys_is_error(rl_sys_stat(object->path, &info))) {
		object->has_file_id = true;
		object->device = info.st_dev;
		object->inode = info.st_ino;
	}
	if (object->path[0] == '\0' && object != linker->program)
		rl_namespace_unname(object); /* musl's vDSO: the empty name is not its own */
	RL_TRY(rl_search_list_make(object, shadow->is_late ? object : NULL, false));
	return rl_address_reserve(&linker->addresses, 1);
}

struct walk {
	struct rl_host *host;
	enum rl_status status;
	struct rl_diag *diag;
	bool has_changed;
};

static enum rl_status object_adopt(struct walk *walk, const struct rl_phdr_info *info)
{
	struct rl_host *host = walk->host;
	struct rl_linker *linker = host->linker;
	struct rl_host_map *map = map_find(host, info);
	if (map == NULL)
		return RL_OK; /* another namespace's */
	for (struct rl_object *object = linker->base.first; object != NULL; object = object->next)
		if (object->is_hosted && !object->is_removed && rl_host_shadow(object)->hosted == map
		    && strcmp(object->path, info->dlpi_name) == 0 && object->image.bias == info->dlpi_addr) {
			rl_host_shadow(object)->was_seen = true;
			return RL_OK;
		}
	struct rl_image image = rl_image_make(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum);
	size_t count = 0;
	Elf64_Dyn *dynamic = rl_host_dynamic_copy(&image, map->l_ld, &count);
	if (dynamic == NULL)
		return rl_fail(walk->diag, RL_NO_MEMORY, .subject = info->dlpi_name);
	struct rl_adoption adoption = {.kind = linker->program == NULL ? RL_OBJECT_PROGRAM : RL_OBJECT_LIBRARY,
				       .path = info->dlpi_name,
				       .phdrs = info->dlpi_phdr,
				       .phdr_count = info->dlpi_phnum,
				       .bias = info->dlpi_addr,
				       .is_hosted = true,
				       .dynamic = dynamic,
				       .dynamic_count = count};
	struct rl_object *object = NULL;
	host->adopting = map;
	host->adopting_info = info;
	enum rl_status status = rl_adopt(linker, &linker->base, &adoption, &object, walk->diag);
	if (status == RL_OK)
		status = facts_complete(host, object, dynamic);
	else
		rl_heap_give(dynamic);
	if (status != RL_OK)
		return rl_fail(walk->diag, status, .subject = info->dlpi_name);
	rl_address_add_list(&linker->addresses, object);
	rl_host_shadow(object)->was_seen = true;
	walk->has_changed = true;
	return RL_OK;
}

static int visit(struct rl_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	struct walk *walk = argument;
	walk->host->seen_adds = info->dlpi_adds;
	walk->host->seen_subs = info->dlpi_subs;
	walk->status = rl_host_is_reservation(info) ? RL_OK : object_adopt(walk, info);
	return walk->status != RL_OK;
}

/* What OBJECT, which the host opened, needs: as far as it goes by the names, for nothing is loaded here. */
static enum rl_status closure_read(struct rl_linker *linker, struct rl_object *object)
{
	struct rl_object_list *closure = &object->closure;
	rl_list_drop(closure);
	RL_TRY(rl_list_append(closure, object));
	for (size_t at = 0; at < closure->count; at++) {
		const struct rl_dynamic *dynamic = &closure->items[at]->dynamic;
		for (size_t i = 0; i < dynamic->needs_end; i++) {
			const Elf64_Dyn *entry = &dynamic->entries[i];
			const char *name = entry->d_tag == DT_NEEDED ? rl_dynamic_string(dynamic, entry->d_un.d_val)
								     : NULL;
			struct rl_object *needed = name == NULL ? NULL : rl_namespace_find(&linker->base, name);
			if (needed != NULL && needed->is_hosted && rl_host_shadow(needed)->was_seen
			    && !rl_list_has(closure, needed))
				RL_TRY(rl_list_append(closure, needed));
		}
	}
	return rl_own_scope_make(object);
}

/* Whoever asks from a library that the host opened (dlsym of RTLD_DEFAULT, RTLD_NEXT) finds what it needs.  What we use
 * got its scope when we opened it. */
static enum rl_status late_scopes_make(struct rl_linker *linker)
{
	for (struct rl_object *object = linker->base.first; object != NULL; object = object->next) {
		const struct rl_host_shadow *shadow = object->is_hosted ? rl_host_shadow(object) : NULL;
		if (shadow != NULL && shadow->is_late && shadow->was_seen && shadow->kept == NULL)
			RL_TRY(closure_read(linker, object));
	}
	return RL_OK;
}

/* Objects that the host unloaded, which nobody used, disappear from view. */
static enum rl_status vanished_remove(struct walk *walk)
{
	struct rl_linker *linker = walk->host->linker;
	struct rl_object_list vanished = {0};
	enum rl_status status = RL_OK;
	for (struct rl_object *object = linker->base.first; object != NULL && status == RL_OK; object = object->next)
		if (object->is_hosted && !rl_host_shadow(object)->was_seen)
			status = rl_list_append(&vanished, object);
	if (status == RL_OK && (walk->has_changed || vanished.count != 0))
		status = late_scopes_make(linker);
	if (status == RL_OK && vanished.count != 0) {
		walk->has_changed = true;
		rl_unload(linker, &linker->base, &vanished);
	}
	rl_list_drop(&vanished);
	return status;
}

static enum rl_status list_read(struct rl_host *host, struct rl_diag *diag)
{
	struct walk walk = {.host = host, .diag = diag};
	for (struct rl_object *object = host->linker->base.first; object != NULL; object = object->next)
		if (object->is_hosted)
			rl_host_shadow(object)->was_seen = false;
	rl_host_walk(host, visit, &walk);
	if (walk.status == RL_OK)
		walk.status = vanished_remove(&walk);
	host->linker->is_changing = false; /* nobody of ours is told of the host's changes */
	if (walk.status == RL_OK && walk.has_changed)
		walk.status = rl_host_maps_publish(host);
	rl_host_walked_renew(host);
	host->must_look = walk.status != RL_OK;
	return walk.status == RL_OK ? RL_OK : rl_fail(diag, walk.status, .subject = "");
}

/* All objects of the start but the vDSO see each other's symbols. */
static enum rl_status global_scope_make(struct rl_linker *linker)
{
	struct rl_object *program = linker->program;
	for (struct rl_object *object = linker->base.first; object != NULL; object = object->next)
		if (strncmp(object->path, "linux-", sizeof "linux-" - 1) != 0)
			RL_TRY(rl_list_append(&program->closure, object));
	RL_TRY(rl_own_scope_make(program));
	return rl_globalize(program);
}

enum rl_status rl_host_adopt_all(struct rl_host *host, struct rl_diag *diag)
{
	RL_TRY(list_read(host, diag));
	RL_TRY(global_scope_make(host->linker));
	rl_host_races_find(host);
	return RL_OK;
}

static int counters_visit(struct rl_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	unsigned long long *counters = argument;
	counters[0] = info->dlpi_adds;
	counters[1] = info->dlpi_subs;
	return 1;
}

enum rl_status rl_host_refresh(struct rl_host *host, struct rl_diag *diag)
{
	unsigned long long counters[2] = {0, 0};
	enum rl_status status = RL_OK;
	rl_gate_enter(&host->linker->gate);
	rl_host_walk(host, counters_visit, counters);
	if (host->must_look || counters[0] != host->seen_adds || counters[1] != host->seen_subs)
		status = list_read(host, diag);
	rl_gate_leave(&host->linker->gate);
	return status;
}

bool rl_host_keep(struct rl_host *host, struct rl_object *object, void *handle)
{
	enum { LAZY = 1, NOLOAD = 4 };
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	if (!shadow->is_late || shadow->kept != NULL) {
		if (handle != NULL)
			host->functions.close(handle);
		return true;
	}
	if (handle == NULL)
		handle = host->functions.open(object->path, LAZY | NOLOAD);
	const struct rl_host_map *map = handle;
	if (map != shadow->hosted || map->l_addr != object->image.bias) {
		if (handle != NULL)
			host->functions.close(handle); /* it was loaded anew, and we have not met that */
		host->must_look = true;
		return false;
	}
	shadow->kept = handle;
	object->kind = RL_OBJECT_OPENED;
	object->is_permanent = false;
	if (object->tls.size != 0 && !object->tls.has_offset && (object->dynamic.flags & DF_STATIC_TLS)) {
		struct rl_tls_index start = {object->tls.module, -(size_t)RL_TLS_DTV_BIAS};
		rl_host_static_note(host, object, host->functions.tls_get_addr(&start));
	}
	return true;
}

/* The released object that lies outermost in static TLS, taken from the list. */
static struct rl_host_shadow *released_take(struct rl_host *host)
{
	struct rl_host_shadow **best = &host->released;
	for (struct rl_host_shadow **link = best; *link != NULL; link = &(*link)->next_released)
		if ((*link)->static_offset > (*best)->static_offset)
			best = link;
	struct rl_host_shadow *shadow = *best;
	*best = shadow->next_released;
	return shadow;
}

bool rl_host_loses_static(const struct rl_host *host, size_t size)
{
	enum { MAY_LOSE = 512 };
	return host->static_lost + size > MAY_LOSE;
}

/* glibc gets static TLS back only from its outermost end.  Whether the host would, in time, run out of it by closing. */
static bool costs_static(struct rl_host *host, const struct rl_host_shadow *shadow)
{
	bool is_outermost = true;
	if (shadow->static_size == 0 || !host->is_glibc)
		return false;
	for (const struct rl_object *object = host->linker->base.first; object != NULL; object = object->next)
		if (object->tls.has_offset && object->tls.offset > shadow->static_offset)
			is_outermost = false;
	if (is_outermost)
		return false;
	if (rl_host_loses_static(host, shadow->static_size))
		return true;
	host->static_lost += shadow->static_size;
	return false;
}

void rl_host_release(struct rl_host *host)
{
	if (host->released == NULL)
		return;
	while (host->released != NULL) {
		struct rl_host_shadow *shadow = released_take(host);
		rl_gate_enter(&host->linker->gate); /* a fork now would find the host's list half changed */
		if (!costs_static(host, shadow))
			host->functions.close(shadow->kept);
		rl_gate_leave(&host->linker->gate);
		rl_heap_give(shadow);
	}
	/* What the host has other uses for is met again. */
	struct rl_diag diag = RL_DIAG_NONE;
	host->must_look = true;
	(void)!rl_host_refresh(host, &diag);
	rl_diag_drop(&diag);
}
