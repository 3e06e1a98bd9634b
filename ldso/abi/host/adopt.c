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

static struct rl_host_map *map_find(struct rl_host *host, const struct rl_host_phdr_info *info)
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
	object->is_relocated = true;
	object->init_called = true;
	if (linker->program == NULL)
		linker->program = object;
	else
		object->loader = linker->program;
	if (strchr(object->path, '/') != NULL && !rl_sys_is_error(rl_sys_stat(object->path, &info))) {
		object->has_file_id = true;
		object->device = info.st_dev;
		object->inode = info.st_ino;
	}
	RL_TRY(rl_search_list_make(object, NULL, false));
	return rl_address_reserve(&linker->addresses, 1);
}

struct walk {
	struct rl_host *host;
	enum rl_status status;
	struct rl_diag *diag;
	bool has_changed;
};

static enum rl_status object_adopt(struct walk *walk, const struct rl_host_phdr_info *info)
{
	struct rl_host *host = walk->host;
	struct rl_linker *linker = host->linker;
	struct rl_host_map *map = map_find(host, info);
	if (map == NULL)
		return RL_OK; /* another namespace's */
	for (struct rl_object *object = linker->base.first; object != NULL; object = object->next)
		if (object->is_hosted && rl_host_shadow(object)->hosted == map
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

static int visit(struct rl_host_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	struct walk *walk = argument;
	walk->host->seen_adds = info->dlpi_adds;
	walk->host->seen_subs = info->dlpi_subs;
	walk->status = object_adopt(walk, info);
	return walk->status != RL_OK;
}

/* Objects that the host unloaded disappear from view.  Their memory stays: the host may do so at any time. */
static void vanished_remove(struct walk *walk)
{
	struct rl_linker *linker = walk->host->linker;
	for (struct rl_object *object = linker->base.first, *next; object != NULL; object = next) {
		next = object->next;
		if (!object->is_hosted || rl_host_shadow(object)->was_seen)
			continue;
		walk->has_changed = true;
		object->is_removed = true;
		rl_address_remove(&linker->addresses, &object, 1);
		rl_object_abandon(linker, object);
	}
}

static enum rl_status list_read(struct rl_host *host, struct rl_diag *diag)
{
	struct walk walk = {.host = host, .diag = diag};
	for (struct rl_object *object = host->linker->base.first; object != NULL; object = object->next)
		if (object->is_hosted)
			rl_host_shadow(object)->was_seen = false;
	host->functions.iterate(visit, &walk);
	if (walk.status == RL_OK)
		vanished_remove(&walk);
	host->linker->is_changing = false; /* nobody of ours is told of the host's changes */
	return walk.status == RL_OK && walk.has_changed ? rl_host_maps_publish(host) : walk.status;
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

/* musl is all libraries of libc in one, and answers to each of their names. */
static enum rl_status musl_name(struct rl_host *host)
{
	static const char *const names[] = {"libc.so", "libm.so", "libdl.so", "librt.so", "libpthread.so", "libutil.so",
					    "libxnet.so", "libcrypt.so", "libresolv.so"};
	for (struct rl_object *object = host->linker->base.first; object != NULL; object = object->next) {
		if (rl_host_shadow(object)->hosted != host->libc_map)
			continue;
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			RL_TRY(rl_namespace_name(object, names[i]));
	}
	return RL_OK;
}

enum rl_status rl_host_adopt_all(struct rl_host *host, struct rl_diag *diag)
{
	RL_TRY(list_read(host, diag));
	if (!host->is_glibc)
		RL_TRY(musl_name(host));
	return global_scope_make(host->linker);
}

static int counters_visit(struct rl_host_phdr_info *info, size_t size, void *argument)
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
	host->functions.iterate(counters_visit, counters);
	if (counters[0] == host->seen_adds && counters[1] == host->seen_subs)
		return RL_OK;
	return list_read(host, diag);
}
