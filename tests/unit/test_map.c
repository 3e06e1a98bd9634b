/* Mapping: every shape of segments that is legal gives the bytes, zeros and protections it promises; every other is
 * refused, and leaves no mapping behind. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "../../ldso/link/map.h"

#include "../../ldso/base/heap.h"
#include "../../ldso/base/sys.h"
#include "check.h"

enum { PAGE = 4096, PHDR_LIMIT = 60, FILE_PAGES = 600 };

/* A file to be mapped: the byte at each offset is a function of the offset. */
struct craft {
	Elf64_Ehdr header;
	Elf64_Phdr phdrs[PHDR_LIMIT];
	uint64_t size;
};

static unsigned char byte_at(uint64_t offset)
{
	return (unsigned char)(offset * 31 + (offset >> 12) * 7 + 1);
}

static struct craft craft_make(void)
{
	struct craft craft = {.header = {.e_type = ET_DYN,
					 .e_machine = EM_X86_64,
					 .e_version = EV_CURRENT,
					 .e_phoff = sizeof(Elf64_Ehdr),
					 .e_phentsize = sizeof(Elf64_Phdr),
					 .e_entry = 0x123},
			      .size = 4 * PAGE};
	memcpy(craft.header.e_ident, ELFMAG "\2\1\1", 7);
	return craft;
}

static Elf64_Phdr *add(struct craft *craft, uint32_t type, uint64_t offset, uint64_t vaddr, uint64_t file,
		       uint64_t memory, uint32_t flags)
{
	Elf64_Phdr *phdr = &craft->phdrs[craft->header.e_phnum++];
	*phdr = (Elf64_Phdr){.p_type = type,
			     .p_flags = flags,
			     .p_offset = offset,
			     .p_vaddr = vaddr,
			     .p_paddr = vaddr,
			     .p_filesz = file,
			     .p_memsz = memory,
			     .p_align = type == PT_LOAD ? PAGE : 8};
	return phdr;
}

/* Write it, and read its head as a policy does.  The caller closes file.fd. */
static struct rl_file craft_open(const struct craft *craft)
{
	static unsigned char bytes[FILE_PAGES * PAGE];
	struct rl_file file = {.fd = memfd_create("craft", MFD_CLOEXEC)};
	NEED(file.fd >= 0 && craft->size <= sizeof bytes);
	for (uint64_t i = 0; i < craft->size; i++)
		bytes[i] = byte_at(i);
	memcpy(bytes, &craft->header, sizeof craft->header);
	uint64_t table = craft->header.e_phoff, table_size = craft->header.e_phnum * sizeof(Elf64_Phdr);
	if (craft->header.e_phnum <= PHDR_LIMIT && table <= craft->size && table_size <= craft->size - table)
		memcpy(bytes + table, craft->phdrs, table_size);
	NEED(write(file.fd, bytes, craft->size) == (ssize_t)craft->size);
	file.head.size = (size_t)rl_sys_read_at(file.fd, file.head.bytes, sizeof file.head.bytes, 0);
	return file;
}

/* "rwxp" of the mapping at ADDRESS, or "" if there is none. */
static const char *protection_at(uintptr_t address)
{
	static struct maps maps;
	static char result[8];
	maps_take(&maps);
	for (const char *line = maps.text; *line != '\0'; line += strcspn(line, "\n") + 1) {
		unsigned long start, end;
		NEED(sscanf(line, "%lx-%lx %4s", &start, &end, result) == 3);
		if (address >= start && address < end)
			return result;
	}
	return "";
}

static void segment_check(const struct rl_object *object, const Elf64_Phdr *phdr, uint64_t table, uint64_t table_end)
{
	const unsigned char *bytes = (const unsigned char *)(object->image.bias + phdr->p_vaddr);
	char expected[5] = {phdr->p_flags & PF_R ? 'r' : '-', phdr->p_flags & PF_W ? 'w' : '-',
			    phdr->p_flags & PF_X ? 'x' : '-', 'p', '\0'};
	CHECK(strcmp(protection_at((uintptr_t)bytes), expected) == 0);
	CHECK(strcmp(protection_at((uintptr_t)bytes + phdr->p_memsz - 1), expected) == 0);
	if (!(phdr->p_flags & PF_R))
		return;
	unsigned long wrong = 0;
	for (uint64_t i = 0; i < phdr->p_filesz; i++) {
		uint64_t offset = phdr->p_offset + i;
		wrong += offset >= sizeof(Elf64_Ehdr) && (offset < table || offset >= table_end)
			 && bytes[i] != byte_at(offset);
	}
	/* To the end of the last page: what is behind p_memsz counts as heap for some programs. */
	uint64_t end = ((phdr->p_vaddr + phdr->p_memsz + PAGE - 1) & -(uint64_t)PAGE) - phdr->p_vaddr;
	if (phdr->p_memsz > phdr->p_filesz)
		for (uint64_t i = phdr->p_filesz; i < end; i++)
			wrong += bytes[i] != 0;
	CHECK(wrong == 0);
}

static void object_unmap(struct rl_object *object)
{
	if (object->owns_map)
		munmap((void *)object->map_start, object->map_end - object->map_start);
	if (object->owns_phdr)
		rl_heap_give((void *)object->phdr);
}

/* The end of a free place with room for every file here.  OCCUPIED: all but the page that begins so many bytes before its
 * end, 0: all is free. */
static uintptr_t room_end(size_t occupied)
{
	enum { ROOM = 8 * 1024 * 1024 };
	char *start = mmap(NULL, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(start != MAP_FAILED);
	munmap(start, ROOM - occupied);
	munmap(start + ROOM - occupied + PAGE, occupied == 0 ? 0 : occupied - PAGE);
	return (uintptr_t)start + ROOM;
}

/* Map a legal file and look at all of it.  ALIGN: what the bias must be a multiple of.  BELOW: where it should end. */
static void accept_below(const struct craft *craft, uint64_t align, uintptr_t below, int line)
{
	struct rl_file file = craft_open(craft);
	struct rl_object object = {0};
	uint64_t dynamic = 1;
	int error = 0;
	enum rl_status status = rl_map_file(&file, craft->size, PAGE, below, &object, &dynamic, &error);
	close(file.fd);
	if (status != RL_OK) {
		fprintf(stderr, "%s:%d: status %d, errno %d\n", __FILE__, line, (int)status, error);
		check_failures++;
		return;
	}
	uint64_t table = craft->header.e_phoff;
	CHECK(object.image.phdr_count == craft->header.e_phnum && object.phdr == object.image.phdrs);
	CHECK(memcmp(object.phdr, craft->phdrs, craft->header.e_phnum * sizeof(Elf64_Phdr)) == 0);
	CHECK(object.image.bias % align == 0 && object.owns_map && object.entry == object.image.bias + 0x123);
	for (size_t i = 0; i < craft->header.e_phnum; i++) {
		const Elf64_Phdr *phdr = &craft->phdrs[i];
		if (phdr->p_type != PT_LOAD || phdr->p_memsz == 0)
			continue;
		uintptr_t start = object.image.bias + phdr->p_vaddr;
		CHECK(start >= object.map_start && start + phdr->p_memsz <= object.map_end);
		segment_check(&object, phdr, table, table + craft->header.e_phnum * sizeof(Elf64_Phdr));
	}
	CHECK(object.map_start % PAGE == 0 && object.map_end % PAGE == 0);
	object_unmap(&object);
}

static void accept_at(const struct craft *craft, uint64_t align, int line)
{
	static struct maps before, after;
	accept_below(craft, align, 0, line);
	accept_below(craft, align, room_end(0), line);
	accept_below(craft, align, PAGE, line); /* no room at all */
	for (size_t occupied = PAGE; occupied <= 3 * PAGE; occupied += PAGE) {
		uintptr_t below = room_end(occupied);
		maps_take(&before);
		accept_below(craft, align, below, line);
		maps_take(&after);
		CHECK(maps_equal(&before, &after));
		CHECK(munmap((void *)(below - occupied), PAGE) == 0);
	}
}
#define ACCEPT(craft, align) accept_at(craft, align, __LINE__)

static void refuse_at(const struct craft *craft, enum rl_status expected, int line)
{
	static struct maps before, after;
	struct rl_file file = craft_open(craft);
	uintptr_t below = room_end(0);
	for (int turn = 0; turn < 3; turn++) { /* the heap may grow in the first */
		struct rl_object object = {0};
		uint64_t dynamic;
		int error = 0;
		maps_take(&before);
		enum rl_status status = rl_map_file(&file, craft->size, PAGE, turn == 0 ? 0 : below, &object, &dynamic,
						    &error);
		maps_take(&after);
		if (status != expected) {
			fprintf(stderr, "%s:%d: status %d, expected %d\n", __FILE__, line, (int)status, (int)expected);
			check_failures++;
		}
		CHECK(object.map_start == 0 && object.map_end == 0 && !object.owns_map && !object.owns_phdr);
		object_unmap(&object);
	}
	if (!maps_equal(&before, &after)) {
		fprintf(stderr, "%s:%d: the mappings differ\n", __FILE__, line);
		maps_show_new(&before, &after);
		check_failures++;
	}
	close(file.fd);
}
#define REFUSE(craft, status) refuse_at(craft, status, __LINE__)

static void plain_check(void)
{
	struct craft craft = craft_make();
	add(&craft, PT_LOAD, 0, 0, 0x1234, 0x1234, PF_R);
	ACCEPT(&craft, PAGE); /* one segment that ends inside a page */
	add(&craft, PT_LOAD, 0x2000, 0x2000, 0x100, 0x100, PF_R | PF_X);
	add(&craft, PT_LOAD, 0x3010, 0x4010, 0x20, 0x20, PF_R | PF_W);
	ACCEPT(&craft, PAGE); /* a hole, and an offset inside the page */
	craft.phdrs[2].p_memsz = 0x5000;
	ACCEPT(&craft, PAGE); /* zeros over pages */
	craft.phdrs[2].p_memsz = 0xff0;
	ACCEPT(&craft, PAGE); /* zeros to the end of the page */
	craft.phdrs[2].p_filesz = 0;
	ACCEPT(&craft, PAGE); /* nothing but zeros */
	craft.phdrs[2].p_filesz = 0xff0;
	craft.phdrs[2].p_memsz = 0x1ff0;
	ACCEPT(&craft, PAGE); /* the content ends with its page, and so with the file */
	craft.phdrs[1].p_memsz = 0x180;
	ACCEPT(&craft, PAGE); /* zeros in a segment nobody may write */
	craft.phdrs[1].p_filesz = craft.phdrs[1].p_memsz = 0;
	ACCEPT(&craft, PAGE); /* no size at all */
	craft.size = 0x3010 + 0xff0;
	craft.phdrs[2].p_flags = PF_W;
	ACCEPT(&craft, PAGE);
}

/* Where there is room, objects lie one below the other; a hole between segments belongs to its object. */
static void place_check(void)
{
	struct craft craft = craft_make();
	add(&craft, PT_LOAD, 0, 0, 0x1234, 0x1234, PF_R);
	add(&craft, PT_LOAD, 0x2000, 0x2000, 0x100, 0x2100, PF_R | PF_W);
	struct rl_file file = craft_open(&craft);
	uintptr_t below = room_end(0);
	struct rl_object objects[3] = {0};
	uint64_t dynamic;
	int error = 0;
	for (int i = 0; i < 3; i++) {
		NEED(rl_map_file(&file, craft.size, PAGE, below, &objects[i], &dynamic, &error) == RL_OK);
		CHECK(objects[i].map_end == below && objects[i].map_start == below - 5 * PAGE);
		CHECK(objects[i].is_contiguous);
		below = objects[i].map_start;
	}
	close(file.fd);
	craft.phdrs[1].p_vaddr = 0x3000;
	file = craft_open(&craft);
	struct rl_object holed = {0};
	NEED(rl_map_file(&file, craft.size, PAGE, below, &holed, &dynamic, &error) == RL_OK);
	CHECK(!holed.is_contiguous && strcmp(protection_at(holed.map_start + 2 * PAGE), "---p") == 0);
	close(file.fd);
	object_unmap(&holed);
	for (int i = 0; i < 3; i++)
		object_unmap(&objects[i]);
}

static void shapes_check(void)
{
	struct craft craft = craft_make();
	add(&craft, PT_LOAD, 0, 0x10000000, 0x1000, 0x1000, PF_R);
	add(&craft, PT_LOAD, 0x1000, 0x10001000, 0x1000, 0x1000, PF_R | PF_X);
	ACCEPT(&craft, PAGE); /* far from 0 */
	craft.phdrs[0].p_filesz = 0;
	ACCEPT(&craft, PAGE); /* the first has no content: program headers in no segment */
	craft = craft_make();
	craft.size = 550 * PAGE;
	for (uint64_t align = 2 * PAGE; align <= 0x200000; align *= 2) {
		craft.header.e_phnum = 0;
		add(&craft, PT_LOAD, 0, 0, 0x1000, 0x1000, PF_R)->p_align = align;
		add(&craft, PT_LOAD, align & 0x1fffff, align, 0x1800, 0x3000, PF_R | PF_W)->p_align = align;
		ACCEPT(&craft, align);
		craft.phdrs[0].p_align = PAGE;
		ACCEPT(&craft, align); /* the largest counts */
	}
	static const uint64_t odd[] = {0, 1, 3, 0x10, 0x1001, 0x3000, UINT64_MAX};
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		craft.header.e_phnum = 0;
		add(&craft, PT_LOAD, 0, 0, 0x1000, 0x1000, PF_R)->p_align = odd[i];
		ACCEPT(&craft, PAGE); /* no power of two: no alignment */
	}
	craft = craft_make();
	craft.size = 60 * PAGE;
	for (uint64_t i = 0; i < 50; i++) /* more headers than the head of the file holds */
		add(&craft, PT_LOAD, i * PAGE, 2 * i * PAGE, i == 0 ? PAGE : 100, i % 3 == 0 ? PAGE : 100,
		    i % 2 ? PF_R : PF_R | PF_W);
	ACCEPT(&craft, PAGE);
	craft.header.e_phoff = 0x33000;
	ACCEPT(&craft, PAGE); /* behind all segments */
	craft.header.e_phoff = 0x33004;
	ACCEPT(&craft, PAGE); /* and not aligned */
}

static void facts_check(void)
{
	struct craft craft = craft_make();
	add(&craft, PT_LOAD, 0, 0, 0x1000, 0x1000, PF_R);
	add(&craft, PT_LOAD, 0x1000, 0x1000, 0x2000, 0x4000, PF_R | PF_W);
	add(&craft, PT_GNU_STACK, 0, 0, 0, 0, PF_R | PF_W);
	add(&craft, PT_GNU_RELRO, 0x1000, 0x1000, 0x1800, 0x1800, PF_R);
	add(&craft, PT_DYNAMIC, 0x1100, 0x1100, 0x100, 0x100, PF_R);
	add(&craft, PT_TLS, 0x1208, 0x1208, 0x10, 0x40, PF_R)->p_align = 32;
	add(&craft, PT_GNU_EH_FRAME, 0x800, 0x800, 0x10, 0x10, PF_R);
	struct rl_file file = craft_open(&craft);
	struct rl_object object = {0};
	uint64_t dynamic = 0;
	int error = 0;
	NEED(rl_map_file(&file, craft.size, PAGE, 0, &object, &dynamic, &error) == RL_OK);
	close(file.fd);
	uintptr_t bias = object.image.bias;
	CHECK(dynamic == 0x1100 && object.stack_flags == (PF_R | PF_W) && object.is_contiguous);
	CHECK(object.relro.start == bias + 0x1000 && object.relro.end == bias + 0x2000);
	CHECK(object.tls.size == 0x40 && object.tls.image_size == 0x10 && object.tls.align == 32
	      && object.tls.first_offset == 8 && object.tls.image == (void *)(bias + 0x1208));
	CHECK(object.eh_frame_header == (void *)(bias + 0x800));
	CHECK(object.phdr == (void *)(bias + sizeof(Elf64_Ehdr)) && !object.owns_phdr);
	object_unmap(&object);
	craft.phdrs[5].p_align = 24;
	REFUSE(&craft, RL_SEGMENT_DAMAGED);
	craft.phdrs[5].p_align = 32;
	craft.phdrs[5].p_filesz = 0x80;
	REFUSE(&craft, RL_SEGMENT_DAMAGED);
	craft.phdrs[5].p_filesz = 0x10;
	craft.phdrs[5].p_vaddr = 0x100000;
	REFUSE(&craft, RL_SEGMENT_DAMAGED);
}

/* What is sealed is the object's own, whatever the header says. */
static void relro_check(void)
{
	static const struct {
		uint64_t vaddr, size;
	} wild[] = {{0x1000, UINT64_MAX}, {0x100000, 0x1000}, {UINT64_MAX - 0xfff, 0x4000}, {0x1000, (uint64_t)1 << 63},
		    {0x4fff, 0x100000},   {0, UINT64_MAX},    {(uint64_t)1 << 63, 0x1000},  {0x1000, 0x100000000}};
	for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
		struct craft craft = craft_make();
		add(&craft, PT_LOAD, 0, 0, 0x1000, 0x1000, PF_R);
		add(&craft, PT_LOAD, 0x1000, 0x1000, 0x2000, 0x4000, PF_R | PF_W);
		add(&craft, PT_GNU_RELRO, 0x1000, wild[i].vaddr, 0x1000, wild[i].size, PF_R);
		struct rl_file file = craft_open(&craft);
		struct rl_object object = {0};
		uint64_t dynamic = 0;
		int error = 0;
		if (rl_map_file(&file, craft.size, PAGE, 0, &object, &dynamic, &error) == RL_OK
		    && object.relro.end > object.relro.start)
			CHECK(object.relro.start >= object.map_start && object.relro.end <= object.map_end);
		close(file.fd);
		object_unmap(&object);
	}
}

static void refused_check(void)
{
	struct craft none = craft_make();
	REFUSE(&none, RL_SEGMENT_NONE);
	add(&none, PT_NOTE, 0, 0, 16, 16, PF_R);
	REFUSE(&none, RL_SEGMENT_NONE);
	add(&none, PT_LOAD, 0, 0, 0, 0, PF_R);
	REFUSE(&none, RL_SEGMENT_NONE);

	struct craft good = craft_make();
	add(&good, PT_LOAD, 0, 0, 0x1000, 0x1000, PF_R);
	add(&good, PT_LOAD, 0x1000, 0x1000, 0x1000, 0x2000, PF_R | PF_W);
	ACCEPT(&good, PAGE);
	static const struct {
		uint64_t offset, vaddr, file, memory;
		enum rl_status status;
	} wrong[] = {
		{0x1000, 0x1010, 0x100, 0x100, RL_SEGMENT_OFFSET},
		{0x1001, 0x1000, 0x100, 0x100, RL_SEGMENT_OFFSET},
		{0x1000, 0x1000, 0x200, 0x100, RL_SEGMENT_DAMAGED},
		{0x1000, 0x1000, 0x100, UINT64_MAX, RL_SEGMENT_DAMAGED},
		{0x1000, 0x1000, 0x100, (uint64_t)1 << 62, RL_SEGMENT_DAMAGED},
		{0x1000, UINT64_MAX & -(uint64_t)PAGE, 0x100, 0x2000, RL_SEGMENT_DAMAGED},
		{0x1000, 0, 0x100, 0x100, RL_SEGMENT_DAMAGED},
		{0x4000, 0x4000, 1, 1, RL_FILE_TOO_SHORT},
		{0x1000, 0x1000, 0x3001, 0x3001, RL_FILE_TOO_SHORT},
		{UINT64_MAX & -(uint64_t)PAGE, 0x1000, 0x100, 0x100, RL_FILE_TOO_SHORT},
		{UINT64_MAX & -(uint64_t)PAGE, 0x1000, 0x1000, 0x1000, RL_FILE_TOO_SHORT},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct craft bad = good;
		bad.phdrs[1] = (Elf64_Phdr){.p_type = PT_LOAD,
					    .p_flags = PF_R,
					    .p_offset = wrong[i].offset,
					    .p_vaddr = wrong[i].vaddr,
					    .p_filesz = wrong[i].file,
					    .p_memsz = wrong[i].memory,
					    .p_align = PAGE};
		REFUSE(&bad, wrong[i].status);
	}
	struct craft large = good;
	large.phdrs[1].p_memsz = (uint64_t)1 << 48; /* more than there is room for */
	REFUSE(&large, RL_MAP_SEGMENT);
	large = good;
	large.phdrs[1].p_align = (uint64_t)1 << 47;
	REFUSE(&large, RL_MAP_SEGMENT);
	struct craft cut = good;
	cut.header.e_phoff = 0x3fff0; /* program headers behind the end of the file */
	REFUSE(&cut, RL_FILE_UNREADABLE);
	cut.header.e_phoff = UINT64_MAX - 8;
	REFUSE(&cut, RL_FILE_UNREADABLE);
	cut = good;
	cut.header.e_phnum = UINT16_MAX;
	REFUSE(&cut, RL_FILE_UNREADABLE);
}

/* ET_EXEC has no choice of address, and takes none that is in use. */
static void fixed_check(void)
{
	struct craft craft = craft_make();
	craft.header.e_type = ET_EXEC;
	add(&craft, PT_LOAD, 0, 0x40000000, 0x1000, 0x1000, PF_R);
	add(&craft, PT_LOAD, 0x1000, 0x40001000, 0x800, 0x3000, PF_R | PF_W);
	ACCEPT(&craft, PAGE);
	void *taken =
		mmap((void *)0x40002000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	NEED(taken == (void *)0x40002000);
	REFUSE(&craft, RL_MAP_SEGMENT);
	munmap(taken, PAGE);
	ACCEPT(&craft, PAGE);
}

int main(void)
{
	plain_check();
	place_check();
	shapes_check();
	facts_check();
	relro_check();
	refused_check();
	fixed_check();
	return check_result();
}
