/* Shadows: the struct link_map that libc, debuggers and sanitizers see of each object.
 *
 * The public head is valid as soon as the object is attached.  The private rest waits for the layout, which is known
 * when libc.so.6 is mapped; objects attached later get it at once.  Under the load lock; libc walks the list under
 * _dl_load_write_lock, which is taken here around changes.
 */
#include <string.h>

#include "../../base/heap.h"
#include "glibc.h"

/* glibc's FORCED_DYNAMIC_TLS_OFFSET: what cannot be a place in static TLS. */
#define NO_OFFSET (RL_TLS_BELOW_TP ? (uint64_t)-1 : (uint64_t)-2)
enum { POOL_COUNT = 32 };

/* glibc's struct libname_list. */
struct libname {
	const char *name;
	struct libname *next;
	int dont_free;
};

/* glibc's struct r_scope_elem. */
struct scope_element {
	struct rl_link_map **list;
	uint32_t count;
};

struct shadow {
	_Alignas(64) unsigned char map[RL_GLIBC_MAP_SIZE];
	struct rl_object *object;
	struct libname libname;
	struct rl_link_map *self_list[1];
	struct scope_element self_scope;
	struct scope_element *scopes[2]; /* NULL-terminated */
	struct shadow *next_free;
};

static struct shadow *shadow_of(const struct rl_object *object)
{
	return object->shadow;
}

struct rl_link_map *rl_shadow_map(const struct rl_object *object)
{
	return object == NULL ? NULL : (struct rl_link_map *)shadow_of(object)->map;
}

struct rl_object *rl_shadow_object(const void *map)
{
	return map == NULL ? NULL : ((const struct shadow *)map)->object;
}

/* Tags whose value the original turns into an address in place. */
static bool is_relocated_tag(int64_t tag)
{
	const uint64_t low = 1 << DT_HASH | 1 << DT_PLTGOT | 1 << DT_STRTAB | 1 << DT_SYMTAB | 1 << DT_RELA
			     | 1 << DT_JMPREL;
	return (uint64_t)tag < 64 ? low >> tag & 1 : tag == DT_VERSYM || tag == DT_GNU_HASH;
}

static bool dynamic_is_writable(const struct rl_object *object)
{
	uint64_t vaddr = (uintptr_t)object->dynamic.entries - object->image.bias;
	const Elf64_Phdr *phdr = rl_image_segment(&object->image, vaddr);
	return phdr != NULL && (phdr->p_flags & PF_W) != 0;
}

/* Tools that read l_ld of a glibc process expect addresses in it. */
static void dynamic_relocate(struct rl_object *object)
{
	if (RL_PORT_DYNAMIC_STAYS || object->image.bias == 0 || object->kind == RL_OBJECT_LINKER
	    || object->real != NULL || !dynamic_is_writable(object))
		return;
	if (object->kind == RL_OBJECT_PROGRAM && !rl_image_has(&object->image, PT_INTERP))
		return; /* static: it does that itself */
	Elf64_Dyn *entry = (Elf64_Dyn *)object->dynamic.entries;
	for (; entry->d_tag != DT_NULL; entry++)
		if (is_relocated_tag(entry->d_tag))
			entry->d_un.d_ptr += object->image.bias;
}

/* Shadows lie side by side in the order of loading: libc's dl_iterate_phdr reads four cache lines of every one, and
 * blocks of the heap, whose sizes are round, would put those into few sets of the cache. */
static struct shadow *shadow_take(struct rl_glibc_shadows *shadows)
{
	struct shadow *shadow = shadows->free;
	if (shadow != NULL) {
		shadows->free = shadow->next_free;
		memset(shadow, 0, sizeof *shadow);
		return shadow;
	}
	if (shadows->fresh_count == 0) {
		shadows->fresh = rl_heap_take_aligned(POOL_COUNT * sizeof *shadow, _Alignof(struct shadow));
		if (shadows->fresh == NULL)
			return NULL;
		shadows->fresh_count = POOL_COUNT;
	}
	shadows->fresh_count--;
	return shadows->fresh++;
}

enum rl_status rl_shadow_attach(struct rl_glibc *glibc, struct rl_object *object)
{
	struct shadow *shadow = shadow_take(&glibc->shadows);
	if (shadow == NULL)
		return RL_NO_MEMORY;
	shadow->object = object;
	object->shadow = shadow;
	struct rl_link_map *map = rl_shadow_map(object);
	map->l_addr = object->image.bias;
	map->l_name = object->path;
	map->l_ld = object->dynamic.entries;
	if (object->dynamic.entries != NULL)
		dynamic_relocate(object);
	if (glibc->layout != NULL)
		rl_shadow_complete(glibc, object);
	return RL_OK;
}

void rl_shadow_detach(struct rl_glibc *glibc, struct rl_object *object)
{
	struct shadow *shadow = shadow_of(object);
	shadow->next_free = glibc->shadows.free;
	glibc->shadows.free = shadow;
	object->shadow = NULL;
}

static void put_bit(unsigned char *map, struct rl_bit place, unsigned value)
{
	if (place.byte != RL_ABSENT)
		map[place.byte] |= (unsigned char)(value << place.bit);
}

static void hash_fill(const struct rl_glibc_link_map *layout, unsigned char *map, const struct rl_symbols *symbols)
{
	rl_glibc_put_int(map, layout->l_nbuckets, symbols->bucket_count);
	if (symbols->is_sysv_hash) {
		rl_glibc_put_pointer(map, layout->l_chain, symbols->chains);
		rl_glibc_put_pointer(map, layout->l_buckets, symbols->buckets);
		return;
	}
	rl_glibc_put_int(map, layout->l_gnu_bitmask_idxbits, symbols->bloom_mask);
	rl_glibc_put_int(map, layout->l_gnu_shift, symbols->bloom_shift);
	rl_glibc_put_pointer(map, layout->l_gnu_bitmask, symbols->bloom);
	rl_glibc_put_pointer(map, layout->l_gnu_buckets, symbols->buckets);
	rl_glibc_put_pointer(map, layout->l_gnu_chain_zero, symbols->chains);
}

static void info_fill(const struct rl_glibc_layout *layout, unsigned char *map, const struct rl_object *object)
{
	const Elf64_Dyn **info = rl_glibc_field(map, layout->link_map.l_info);
	const Elf64_Dyn *entry = object->dynamic.entries;
	uint64_t plain = (uint64_t)rl_glibc_info_plain(layout);
	for (; entry != NULL && entry->d_tag != DT_NULL; entry++) {
		int index = (uint64_t)entry->d_tag < plain ? (int)entry->d_tag
							   : rl_glibc_info_index(layout, entry->d_tag);
		if (index >= 0)
			info[index] = entry;
	}
}

/* glibc's lt_executable, lt_library, lt_loaded. */
static unsigned type_of(const struct rl_object *object)
{
	return object->kind == RL_OBJECT_PROGRAM ? 0 : object->kind == RL_OBJECT_OPENED ? 2 : 1;
}

static void scope_fill(const struct rl_glibc_link_map *layout, struct shadow *shadow)
{
	shadow->self_list[0] = (struct rl_link_map *)shadow->map;
	shadow->self_scope = (struct scope_element){shadow->self_list, 1};
	shadow->scopes[0] = &shadow->self_scope;
	rl_glibc_put_pointer(shadow->map, layout->l_scope, shadow->scopes);
	rl_glibc_put_pointer(shadow->map, layout->l_local_scope, &shadow->self_scope);
	struct scope_element *searchlist = rl_glibc_field(shadow->map, layout->l_searchlist);
	if (searchlist != NULL)
		*searchlist = shadow->self_scope;
}

void rl_shadow_complete(struct rl_glibc *glibc, struct rl_object *object)
{
	const struct rl_glibc_link_map *layout = &glibc->layout->link_map;
	struct shadow *shadow = shadow_of(object);
	unsigned char *map = shadow->map;
	rl_glibc_put_pointer(map, layout->l_real, object->real == NULL ? map : shadow_of(object->real)->map);
	rl_glibc_put_word(map, layout->l_ns, (uint64_t)object->namespace->id);
	shadow->libname = (struct libname){object->path, NULL, 1};
	rl_glibc_put_pointer(map, layout->l_libname, &shadow->libname);
	info_fill(glibc->layout, map, object);
	rl_glibc_put_pointer(map, layout->l_phdr, object->phdr);
	rl_glibc_put_word(map, layout->l_entry, object->entry);
	*(uint16_t *)(map + layout->l_phnum) = (uint16_t)object->image.phdr_count;
	*(uint16_t *)(map + layout->l_ldnum) = (uint16_t)object->dynamic.entry_count;
	rl_glibc_put_pointer(map, layout->l_loader, object->loader == NULL ? NULL : rl_shadow_map(object->loader));
	hash_fill(layout, map, &object->symbols);
	put_bit(map, layout->l_type, type_of(object));
	put_bit(map, layout->l_relocated, 1);
	put_bit(map, layout->l_contiguous, object->is_contiguous);
	put_bit(map, layout->l_ld_readonly, !dynamic_is_writable(object));
	rl_glibc_put_word(map, layout->l_map_start, object->map_start);
	rl_glibc_put_word(map, layout->l_map_end, object->map_end);
	scope_fill(layout, shadow);
	rl_glibc_put_int(map, layout->l_flags_1, (uint32_t)object->dynamic.flags_1);
	rl_glibc_put_word(map, layout->l_relro_addr, object->relro.start - object->image.bias);
	rl_glibc_put_word(map, layout->l_relro_size, object->relro.end - object->relro.start);
	rl_shadow_tls(glibc, object);
}

/* Module ids as libthread_db finds them: one array, by id. */
struct slot_info {
	size_t generation;
	struct rl_link_map *map;
};

struct slot_list {
	size_t length;
	struct slot_list *next;
	struct slot_info slots[];
};

static struct slot_list *slots_for(struct rl_glibc *glibc, size_t module)
{
	struct slot_list **place = rl_glibc_field(glibc->global, glibc->layout->global.dl_tls_dtv_slotinfo_list);
	struct slot_list *list = *place;
	if (list != NULL && module < list->length)
		return list;
	size_t length = list == NULL ? 64 : list->length * 2;
	while (length <= module)
		length *= 2;
	struct slot_list *grown = rl_heap_take(sizeof *grown + length * sizeof grown->slots[0]);
	if (grown == NULL)
		return NULL; /* a debugger will not find this module's variables; nothing else reads the list */
	grown->length = length;
	if (list != NULL)
		memcpy(grown->slots, list->slots, list->length * sizeof list->slots[0]);
	*place = grown;
	return grown;
}

void rl_shadow_tls(struct rl_glibc *glibc, struct rl_object *object)
{
	const struct rl_glibc_link_map *layout = &glibc->layout->link_map;
	unsigned char *map = shadow_of(object)->map;
	const struct rl_tls_block *tls = &object->tls;
	if (tls->size == 0)
		return;
	rl_glibc_put_pointer(map, layout->l_tls_initimage, tls->image);
	rl_glibc_put_word(map, layout->l_tls_initimage_size, tls->image_size);
	rl_glibc_put_word(map, layout->l_tls_blocksize, tls->size);
	rl_glibc_put_word(map, layout->l_tls_align, tls->align);
	rl_glibc_put_word(map, layout->l_tls_firstbyte_offset, tls->first_offset);
	rl_glibc_put_word(map, layout->l_tls_offset, tls->has_offset ? tls->offset : NO_OFFSET);
	rl_glibc_put_word(map, layout->l_tls_modid, tls->module);
	rl_glibc_put_word(glibc->global, glibc->layout->global.dl_tls_max_dtv_idx, glibc->linker->tls.highest_module);
	struct slot_list *list = slots_for(glibc, tls->module);
	if (list != NULL)
		list->slots[tls->module].map = (struct rl_link_map *)map;
}

uint64_t rl_shadow_destructor_count(const struct rl_glibc *glibc, const struct rl_object *object)
{
	if (glibc->layout == NULL)
		return 0;
	uint64_t *count = rl_glibc_field(shadow_of(object)->map, glibc->layout->link_map.l_tls_dtor_count);
	return __atomic_load_n(count, __ATOMIC_ACQUIRE);
}

/* Copy what the namespace's list says into the shadow's links. */
static void links_copy(struct rl_object *object)
{
	struct rl_link_map *map = rl_shadow_map(object);
	map->l_prev = object->previous == NULL ? NULL : rl_shadow_map(object->previous);
	map->l_next = object->next == NULL || object->next->shadow == NULL ? NULL : rl_shadow_map(object->next);
	if (map->l_prev != NULL)
		__atomic_store_n(&map->l_prev->l_next, map, __ATOMIC_RELEASE);
	if (map->l_next != NULL)
		map->l_next->l_prev = map;
}

/* How many namespaces libc has to look at: up to the last one that has an object. */
static uint64_t namespaces_count(const struct rl_glibc *glibc)
{
	uint64_t count = 1;
	for (const struct rl_namespace *namespace = &glibc->linker->base; namespace != NULL; namespace = namespace->next)
		if (namespace->count != 0 && namespace->id < glibc->layout->global.ns_count)
			count = (uint64_t)namespace->id + 1;
	return count;
}

/* Tell libc where the list of NAMESPACE begins and how long it is.  libc has room for some; what is opened in others
 * does not exist for its dl_iterate_phdr. */
static void head_publish(struct rl_glibc *glibc, const struct rl_namespace *namespace)
{
	if (glibc->layout == NULL || namespace->id >= glibc->layout->global.ns_count)
		return;
	const struct rl_glibc_global *fields = &glibc->layout->global;
	unsigned char *entry = glibc->global + (size_t)namespace->id * fields->ns_size;
	rl_glibc_put_pointer(entry, fields->ns_loaded, rl_shadow_map(namespace->first));
	rl_glibc_put_int(entry, fields->ns_nloaded, (uint32_t)namespace->count);
	if (fields->dl_nns != RL_ABSENT)
		rl_glibc_put_word(glibc->global, fields->dl_nns, namespaces_count(glibc));
}

void rl_shadow_list(struct rl_glibc *glibc, struct rl_object *object)
{
	bool is_running = glibc->layout != NULL;
	if (is_running)
		rl_glibc_lock(glibc, glibc->layout->global.dl_load_write_lock);
	links_copy(object);
	head_publish(glibc, object->namespace);
	if (is_running) {
		uint64_t *adds = rl_glibc_field(glibc->global, glibc->layout->global.dl_load_adds);
		++*adds;
		rl_glibc_unlock(glibc, glibc->layout->global.dl_load_write_lock);
	}
}

void rl_shadow_unlist(struct rl_glibc *glibc, struct rl_object *object)
{
	struct rl_link_map *map = rl_shadow_map(object);
	bool is_running = glibc->layout != NULL;
	if (is_running)
		rl_glibc_lock(glibc, glibc->layout->global.dl_load_write_lock);
	if (map->l_prev != NULL)
		map->l_prev->l_next = map->l_next;
	if (map->l_next != NULL)
		map->l_next->l_prev = map->l_prev;
	if (is_running) {
		head_publish(glibc, object->namespace);
		struct slot_list **slots =
			rl_glibc_field(glibc->global, glibc->layout->global.dl_tls_dtv_slotinfo_list);
		for (size_t i = 0; *slots != NULL && i < (*slots)->length; i++)
			if ((*slots)->slots[i].map == map)
				(*slots)->slots[i].map = NULL;
		rl_glibc_unlock(glibc, glibc->layout->global.dl_load_write_lock);
	}
}

void rl_shadow_relink(struct rl_glibc *glibc)
{
	for (struct rl_namespace *namespace = &glibc->linker->base; namespace != NULL; namespace = namespace->next) {
		for (struct rl_object *object = namespace->first; object != NULL; object = object->next)
			links_copy(object);
		head_publish(glibc, namespace);
	}
	if (glibc->layout != NULL && !glibc->linker->is_running)
		rl_glibc_put_word(glibc->global, glibc->layout->global.dl_load_adds, glibc->linker->base.count);
}
