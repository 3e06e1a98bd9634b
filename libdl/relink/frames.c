/* Telling unwinders of what we load.  The process's unwinder asks its own linker, which does not know us: it gets each
 * object's frames by the registration that libgcc and LLVM's libunwind share (__register_frame).  An unwinder that
 * we load ourselves asks through the functions that modules find (family.c).
 *
 * Registration takes a .eh_frame section that ends with a zero word, as every link editor makes it when crtend.o is
 * linked in; a section without one is left alone. */
#include <string.h>

#include "../../ldso/link/lookup.h"
#include "closure.h"

typedef void frame_function(const void *frames);

extern frame_function __register_frame __attribute__((weak, visibility("default")));
extern frame_function __deregister_frame __attribute__((weak, visibility("default")));

/* DW_EH_PE_… of the LSB. */
enum { OMIT = 0xff, FORMAT = 0x0f, SDATA4 = 0x0b, UDATA4 = 0x03, RELATIVE = 0x70, PC_RELATIVE = 0x10 };

/* The section that the header of OBJECT points at, or NULL. */
static const char *section_find(const struct rl_object *object)
{
	const struct rl_image *image = &object->image;
	const unsigned char *header = object->eh_frame_header;
	if (object->eh_frames != NULL)
		return object->eh_frames;
	if (header == NULL || rl_image_array(image, (uintptr_t)header - image->bias, 8, 1) == NULL || header[0] != 1)
		return NULL;
	if ((header[1] & RELATIVE) != PC_RELATIVE || ((header[1] & FORMAT) != SDATA4 && (header[1] & FORMAT) != UDATA4))
		return NULL;
	int32_t distance;
	memcpy(&distance, header + 4, sizeof distance);
	return (const char *)header + 4 + distance;
}

/* Whether the records from FRAMES on end with a zero word inside the segment. */
static bool is_ended(const struct rl_object *object, const char *frames)
{
	uint64_t vaddr = (uintptr_t)frames - object->image.bias;
	size_t reach = rl_image_reach(&object->image, vaddr), at = 0;
	while (at + sizeof(uint32_t) <= reach) {
		uint32_t length;
		memcpy(&length, frames + at, sizeof length);
		if (length == 0)
			return true;
		if (length >= UINT32_MAX - 1)
			return false; /* the 64-bit form, which nobody makes */
		at += sizeof length + length;
	}
	return false;
}

/* A function of the process's unwinder, wherever that is loaded. */
static frame_function *host_function(const char *name, frame_function *linked)
{
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.newest = true}};
	const struct rl_namespace *base = &rl_engine.linker.base;
	for (const struct rl_object *object = base->first; object != NULL; object = object->next) {
		const Elf64_Sym *symbol = rl_symbols_find(&object->symbols, &lookup.name, &lookup.want);
		if (symbol != NULL && symbol->st_shndx != SHN_UNDEF)
			return (frame_function *)(object->image.bias + symbol->st_value);
	}
	return linked;
}

/* Records of parts that lie elsewhere, in tables of their own: an unwinder that has several tables takes each for one
 * stretch of code, which no other's lies in. */
static const uintptr_t *tables_of(const struct rl_object *object)
{
	return object->placement == NULL ? NULL : ((const struct rl_member_placement *)object->placement)->frame_tables;
}

/* The frames of an object are registered while its shadow says so. */
void rl_frames_register(struct rl_object *object)
{
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	const char *frames = section_find(object);
	frame_function *tell = frames == NULL ? NULL : host_function("__register_frame", __register_frame);
	if (tell == NULL || shadow->frames != NULL || !is_ended(object, frames) || *(const uint32_t *)frames == 0)
		return;
	tell(frames);
	shadow->frames = frames;
	for (const uintptr_t *table = tables_of(object); table != NULL && *table != 0; table++)
		tell((const void *)*table);
}

void rl_frames_remove(struct rl_object *object)
{
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	if (shadow == NULL || shadow->frames == NULL)
		return;
	frame_function *tell = host_function("__deregister_frame", __deregister_frame);
	for (const uintptr_t *table = tables_of(object); tell != NULL && table != NULL && *table != 0; table++)
		tell((const void *)*table);
	if (tell != NULL)
		tell(shadow->frames);
	shadow->frames = NULL;
}
