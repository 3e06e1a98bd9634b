/* Static TLS in a process whose threads are another linker's.  Only that linker knows what is left of it, so it is
 * asked: it loads a file of a few hundred bytes that has nothing but thread-local storage of the wanted size, content and
 * alignment, and says so.  The file holds one relocation, whose result is the distance from the thread pointer.  The
 * host fills the block in all threads, those of the future included, and gives it back when the file is closed. */
#include <string.h>

#include "../../base/heap.h"
#include "../../base/sys.h"
#include "../../base/text.h"
#include "host.h"

enum { LAZY = 1, NOW = 2, INFO_LINK_MAP = 2, LINK_MAX = 80 };

/* The head of the file. */
struct reservation {
	Elf64_Ehdr header;
	Elf64_Phdr phdrs[3];
	Elf64_Dyn dynamic[9];
	Elf64_Sym symbols[1];
	Elf64_Rela rela[1];
	uint64_t distance; /* what the relocation writes */
	char strings[8];   /* empty, and then our mark */
};
static const char mark[8] = "\0relink";

/* Where the initial image is in the file: as far from a multiple of its alignment as in the object's. */
static size_t image_place(const struct rl_tls_block *tls)
{
	size_t align = tls->align == 0 ? 1 : tls->align;
	size_t start = (sizeof(struct reservation) + align - 1) & -align;
	return start + (tls->first_offset & (align - 1));
}

#define PLACE(member) offsetof(struct reservation, member)

static void reservation_fill(struct reservation *file, const struct rl_tls_block *tls, size_t size)
{
	file->header = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
				    .e_type = ET_DYN, .e_machine = RL_PORT_MACHINE, .e_version = EV_CURRENT,
				    .e_phoff = PLACE(phdrs), .e_ehsize = sizeof file->header,
				    .e_phentsize = sizeof file->phdrs[0], .e_phnum = 3};
	file->phdrs[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_filesz = size, .p_memsz = size,
				      .p_align = rl_host.linker->page_size};
	file->phdrs[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_flags = PF_R, .p_offset = PLACE(dynamic),
				      .p_vaddr = PLACE(dynamic), .p_filesz = sizeof file->dynamic,
				      .p_memsz = sizeof file->dynamic, .p_align = 8};
	file->phdrs[2] = (Elf64_Phdr){.p_type = PT_TLS, .p_flags = PF_R, .p_offset = image_place(tls),
				      .p_vaddr = image_place(tls), .p_filesz = tls->image_size, .p_memsz = tls->size,
				      .p_align = tls->align};
	const Elf64_Dyn dynamic[] = {{DT_STRTAB, {PLACE(strings)}}, {DT_STRSZ, {sizeof file->strings}},
				     {DT_SYMTAB, {PLACE(symbols)}}, {DT_SYMENT, {sizeof file->symbols[0]}},
				     {DT_RELA, {PLACE(rela)}}, {DT_RELASZ, {sizeof file->rela}},
				     {DT_RELAENT, {sizeof file->rela[0]}}, {DT_FLAGS, {DF_STATIC_TLS}}, {DT_NULL, {0}}};
	memcpy(file->dynamic, dynamic, sizeof dynamic);
	memcpy(file->strings, mark, sizeof mark);
	file->rela[0] = (Elf64_Rela){.r_offset = PLACE(distance), .r_info = ELF64_R_INFO(0, RL_RELOC_TPOFF)};
}

/* A name that the host has not seen: it takes files of one name for one. */
static void link_name(int fd, char *out)
{
	enum { BITS = 24 };
	static unsigned serial; /* under the lock */
	char spelling[2 * BITS + 1];
	unsigned number = ++serial;
	for (int i = 0; i < BITS; i++) {
		spelling[2 * i] = '/';
		spelling[2 * i + 1] = number >> i & 1 ? '.' : '/';
	}
	spelling[2 * BITS] = '\0';
	rl_text_format(out, LINK_MAX, "/proc/self%s/fd/%d", spelling, fd);
}

static void *reservation_open(const struct reservation *file, size_t size)
{
	char path[LINK_MAX];
	long fd = rl_syscall2(SYS_memfd_create, (long)"relink-tls", 1 /* MFD_CLOEXEC */);
	if (rl_sys_is_error(fd))
		return NULL;
	void *handle = NULL;
	if (rl_sys_write((int)fd, file, size) == (long)size) {
		link_name((int)fd, path);
		handle = rl_host.functions.open(path, NOW);
		if (handle == NULL && rl_host.functions.error != NULL)
			rl_host.functions.error(); /* the caller's dlerror is not about this */
	}
	rl_sys_close((int)fd);
	return handle;
}

/* Do what relocations will do to the initial image, of which BYTES is a copy.  False: it depends on symbols. */
static bool image_finish(const struct rl_object *object, char *bytes)
{
	const struct rl_dynamic *dynamic = &object->dynamic;
	const struct rl_table *tables[] = {&dynamic->rela, &dynamic->plt};
	uint64_t start = (uintptr_t)object->tls.image - object->image.bias, size = object->tls.image_size;
	if (object->draft != NULL || size == 0)
		return true; /* relocated first */
	for (size_t i = 0; i < 2; i++) {
		const Elf64_Rela *rela = tables[i]->start;
		for (size_t j = 0; j < tables[i]->count; j++) {
			uint64_t place = rela[j].r_offset, value = object->image.bias + (uint64_t)rela[j].r_addend;
			if (place + sizeof value <= start || place >= start + size)
				continue;
			if (ELF64_R_TYPE(rela[j].r_info) != RL_RELOC_RELATIVE || place < start
			    || place + sizeof value > start + size)
				return false;
			memcpy(bytes + (place - start), &value, sizeof value);
		}
	}
	return true; /* DT_RELR was applied before all others */
}

bool rl_host_has_other_threads(void)
{
	enum { DOTS = 2 };
	struct stat info;
	return rl_sys_is_error(rl_sys_stat("/proc/self/task", &info)) || info.st_nlink != DOTS + 1;
}

static const struct reservation *reservation_of(void *handle)
{
	const struct rl_host_map *map = NULL;
	if (rl_host.functions.info == NULL || rl_host.functions.info(handle, INFO_LINK_MAP, (void *)&map) != 0 || map == NULL)
		return NULL;
	return (const struct reservation *)map->l_addr;
}

bool rl_host_reserve_take(struct rl_object *object)
{
	struct rl_tls_block *tls = &object->tls;
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	if (!RL_TLS_BELOW_TP || !rl_host.is_glibc || shadow == NULL || shadow->kept != NULL)
		return false;
	size_t size = image_place(tls) + tls->image_size;
	struct reservation *file = rl_heap_take(size);
	if (file == NULL)
		return false;
	reservation_fill(file, tls, size);
	char *image = (char *)file + image_place(tls);
	if (tls->image_size != 0)
		memcpy(image, tls->image, tls->image_size);
	void *handle = image_finish(object, image) || !rl_host_has_other_threads() ? reservation_open(file, size) : NULL;
	rl_heap_give(file);
	const struct reservation *there = handle == NULL ? NULL : reservation_of(handle);
	int64_t distance = there == NULL ? 0 : (int64_t)there->distance;
	if (distance >= 0 || (uint64_t)-distance < tls->size) {
		if (handle != NULL)
			rl_host.functions.close(handle);
		return false;
	}
	shadow->kept = handle;
	tls->offset = (size_t)-distance;
	return true;
}

/* Relocations may have changed the image since; there is no other thread then. */
void rl_host_reserve_fill(const struct rl_object *object)
{
	const struct rl_tls_block *tls = &object->tls;
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	char *there = shadow->kept == NULL ? NULL : (char *)reservation_of(shadow->kept);
	if (there == NULL || tls->image_size == 0
	    || memcmp(there + image_place(tls), tls->image, tls->image_size) == 0)
		return;
	memcpy(there + image_place(tls), tls->image, tls->image_size);
	memcpy(rl_tls_static_address(rl_port_thread_pointer(), tls->offset), tls->image, tls->image_size);
}

void rl_host_reserve_give(struct rl_object *object)
{
	struct rl_host_shadow *shadow = rl_host_shadow(object);
	if (shadow == NULL || shadow->kept == NULL)
		return;
	rl_host.functions.close(shadow->kept);
	shadow->kept = NULL;
}

/* The mark is on the page that the program headers are on. */
bool rl_host_is_reservation(const struct rl_phdr_info *info)
{
	const struct reservation *file = (const struct reservation *)info->dlpi_addr;
	return info->dlpi_phnum == sizeof file->phdrs / sizeof file->phdrs[0] && info->dlpi_phdr == file->phdrs
	       && memcmp(file->strings, mark, sizeof mark) == 0;
}
