/* The numbers that CPUs give to the kinds of dynamic relocations (each psABI, "Relocation Types"). */
#include "image.h"

static const struct image_cpu cpus[] = {
	/* none, relative, glob_dat, symbolic, jump_slot, irelative, copy, dtpmod, dtpoff, tpoff, tlsdesc */
	{62, 8, true, 0, {0, 8, 6, 1, 7, 37, 5, 16, 17, 18, 36}},                        /* x86_64 */
	{3, 4, false, 0, {0, 8, 6, 1, 7, 42, 5, 35, 36, 14, 41}},                        /* i386 */
	{183, 8, true, 0, {0, 1027, 1025, 257, 1026, 1032, 1024, 1028, 1029, 1030, 1031}}, /* aarch64 */
	{40, 4, false, 0, {0, 23, 21, 2, 22, 160, 20, 17, 18, 19, 13}},                  /* arm */
	{243, 8, true, 0x800, {0, 3, 2, 2, 5, 58, 4, 7, 9, 11, 12}},                     /* riscv64 */
	{243, 4, true, 0x800, {0, 3, 1, 1, 5, 58, 4, 6, 8, 10, 12}},                     /* riscv32 */
	{258, 8, true, 0, {0, 3, 2, 2, 5, 12, 4, 7, 9, 11, 14}},                         /* loongarch64 */
};

const struct image_cpu *rl_image_cpu_find(unsigned machine, unsigned word)
{
	for (size_t i = 0; i < sizeof cpus / sizeof cpus[0]; i++)
		if (cpus[i].machine == machine && cpus[i].word == word)
			return &cpus[i];
	return NULL;
}

enum image_kind rl_image_cpu_kind(const struct image_cpu *cpu, unsigned type)
{
	/* Where GLOB_DAT and SYMBOLIC share a number, what has an addend is meant. */
	for (int kind = IMAGE_KIND_COUNT - 1; kind > IMAGE_NONE; kind--)
		if (cpu->types[kind] == type)
			return (enum image_kind)kind;
	return type == 0 ? IMAGE_NONE : IMAGE_KIND_COUNT;
}
