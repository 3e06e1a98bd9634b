/* The bounded view: what lies in segments without a gap is given, everything else is refused, at every border and at
 * the ends of the address space. */
#include "../../ldso/elf/image.h"

#include "check.h"

static const Elf64_Phdr phdrs[] = {
	{.p_type = PT_PHDR, .p_vaddr = 0x40, .p_memsz = 0x100, .p_flags = PF_R},
	{.p_type = PT_LOAD, .p_vaddr = 0, .p_memsz = 0x800, .p_filesz = 0x800, .p_flags = PF_R},
	{.p_type = PT_LOAD, .p_vaddr = 0x1000, .p_memsz = 0, .p_flags = PF_R},
	{.p_type = PT_LOAD, .p_vaddr = 0x2000, .p_memsz = 0x2000, .p_filesz = 0x10, .p_flags = PF_R | PF_W},
	{.p_type = PT_LOAD, .p_vaddr = 0x4000, .p_memsz = 0x1000, .p_filesz = 0x1000, .p_flags = PF_R},
	{.p_type = PT_NOTE, .p_vaddr = 0x9000, .p_memsz = 0x100, .p_flags = PF_R},
};
static const struct rl_image image = {.bias = 0x10000,
				      .phdrs = phdrs,
				      .phdr_count = sizeof phdrs / sizeof *phdrs,
				      .load_end = sizeof phdrs / sizeof *phdrs};

static void *at(uint64_t vaddr)
{
	return (void *)(uintptr_t)(0x10000 + vaddr);
}

static void array_check(void)
{
	CHECK(rl_image_array(&image, 0, 1, 1) == at(0));
	CHECK(rl_image_array(&image, 0x7ff, 1, 1) == at(0x7ff));
	CHECK(rl_image_array(&image, 0x800, 1, 1) == NULL);
	CHECK(rl_image_array(&image, 0x7f8, 1, 8) == at(0x7f8));
	CHECK(rl_image_array(&image, 0x7f9, 1, 8) == NULL);
	CHECK(rl_image_array(&image, 0, 0x800, 1) == at(0));
	CHECK(rl_image_array(&image, 0, 0x801, 1) == NULL);
	CHECK(rl_image_array(&image, 0, 0x100, 8) == at(0));
	CHECK(rl_image_array(&image, 0, 0x101, 8) == NULL);
	CHECK(rl_image_array(&image, 0, UINT64_MAX, 8) == NULL);
	CHECK(rl_image_array(&image, 0, UINT64_MAX / 8 + 1, 8) == NULL); /* the product would be 0 */
	CHECK(rl_image_array(&image, 0, (UINT64_MAX / 24) + 2, 24) == NULL);
	CHECK(rl_image_array(&image, 0x1000, 1, 1) == NULL);       /* a segment of no size */
	CHECK(rl_image_array(&image, 0x3fff, 2, 1) == at(0x3fff)); /* segments that touch are read as one */
	CHECK(rl_image_array(&image, 0x3fff, 0x1002, 1) == NULL);
	CHECK(rl_image_array(&image, 0x3fff, 1, 1) == at(0x3fff));
	CHECK(rl_image_array(&image, 0x9000, 1, 1) == NULL); /* no PT_LOAD */
	CHECK(rl_image_array(&image, UINT64_MAX, 1, 1) == NULL);
	CHECK(rl_image_array(&image, UINT64_MAX - 7, 16, 1) == NULL);
}

static void reach_check(void)
{
	CHECK(rl_image_reach(&image, 0) == 0x800);
	CHECK(rl_image_reach(&image, 0x7ff) == 1);
	CHECK(rl_image_reach(&image, 0x800) == 0);
	CHECK(rl_image_reach(&image, 0x2008) == 0x2ff8);
	CHECK(rl_image_reach(&image, 0x5000) == 0);
	CHECK(rl_image_segment(&image, 0x4fff) == &phdrs[4]);
	CHECK(rl_image_segment(&image, 0xfff) == NULL);
	CHECK(rl_image_has(&image, PT_NOTE) && !rl_image_has(&image, PT_TLS));
	const struct rl_image empty = {0};
	CHECK(rl_image_array(&empty, 0, 0, 1) == NULL && !rl_image_has(&empty, PT_LOAD));
}

/* A segment nobody may read holds no table. */
static void unreadable_check(void)
{
	static const Elf64_Phdr closed[] = {{.p_type = PT_LOAD, .p_vaddr = 0, .p_memsz = 0x1000, .p_flags = 0}};
	const struct rl_image view = rl_image_make(0x10000, closed, 1);
	CHECK(rl_image_array(&view, 0, 1, 1) == NULL && rl_image_reach(&view, 0) == 0);
}

int main(void)
{
	array_check();
	reach_check();
	unreadable_check();
	return check_result();
}
