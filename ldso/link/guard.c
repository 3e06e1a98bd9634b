/* Guarded branches: a file may say (PT_GNU_PROPERTY) that every place of its code that a pointer can lead to begins with
 * a mark, and some CPUs refuse such a branch to anywhere else in pages that are protected so (arm64: BTI).  After the
 * object was mapped, before its code runs. */
#include "guard.h"

#include <string.h>
#include <sys/mman.h>

#include "../../arch/port.h"
#include "memory.h"

enum {
	PROGRAM_PROPERTY = 0x6474e553, /* PT_GNU_PROPERTY */
	NOTE_PROPERTY = 5,             /* NT_GNU_PROPERTY_TYPE_0 */
	ALIGNMENT = 8,
};

struct note {
	uint32_t name_size, size, type;
	char name[4];
};

struct property {
	uint32_t type, size;
};

/* The bits of the property that every object file of the link had, or 0. */
static uint32_t property_bits(const unsigned char *bytes, size_t size)
{
	struct property property;
	for (size_t at = 0; size - at >= sizeof property;) {
		memcpy(&property, bytes + at, sizeof property);
		at += sizeof property;
		if (property.size > size - at)
			return 0;
		uint32_t bits;
		if (property.type == RL_PORT_GUARD_PROPERTY && property.size == sizeof bits) {
			memcpy(&bits, bytes + at, sizeof bits);
			return bits;
		}
		size_t next = (property.size + (size_t)ALIGNMENT - 1) & -(size_t)ALIGNMENT;
		at += next < size - at ? next : size - at;
	}
	return 0;
}

static uint32_t note_bits(const struct rl_image *image, const Elf64_Phdr *phdr)
{
	const unsigned char *bytes = rl_image_array(image, phdr->p_vaddr, phdr->p_memsz, 1);
	struct note note;
	if (bytes == NULL || phdr->p_memsz < sizeof note)
		return 0;
	memcpy(&note, bytes, sizeof note);
	if (note.type != NOTE_PROPERTY || note.name_size != sizeof note.name
	    || memcmp(note.name, "GNU", sizeof note.name) != 0 || note.size > phdr->p_memsz - sizeof note)
		return 0;
	return property_bits(bytes + sizeof note, note.size);
}

static bool is_marked(const struct rl_image *image)
{
	for (size_t i = 0; i < image->phdr_count; i++)
		if (image->phdrs[i].p_type == PROGRAM_PROPERTY)
			return (note_bits(image, &image->phdrs[i]) & RL_PORT_GUARD_BIT) != 0;
	return false;
}

/* What the kernel refuses stays without: the code runs as on a CPU that does not guard. */
void rl_guard_object(const struct rl_object *object, size_t page_size)
{
	const struct rl_image *image = &object->image;
	if (RL_PORT_GUARD_BIT == 0 || !rl_port_guards_branches() || !is_marked(image))
		return;
	for (size_t i = image->load_start; i < image->load_end; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];
		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_X))
			continue;
		uintptr_t start = (image->bias + phdr->p_vaddr) & -page_size;
		uintptr_t end = (image->bias + phdr->p_vaddr + phdr->p_filesz + page_size - 1) & -page_size;
		(void)rl_memory_protect(object->memory, start, end - start,
					PROT_EXEC | RL_PORT_GUARD_PROTECTION | (phdr->p_flags & PF_R ? PROT_READ : 0)
						| (phdr->p_flags & PF_W ? PROT_WRITE : 0));
	}
}
