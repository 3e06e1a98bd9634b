/* Version sections: what a linker writes is read back whole, and each damage to a record has its status. */
#include "../../ldso/elf/versions.h"

#include "../../ldso/base/heap.h"
#include "check.h"

/* Both sections and the strings, as one segment at vaddr 0x1000. */
struct sections {
	struct {
		Elf64_Verdef def;
		Elf64_Verdaux aux[2];
	} defs[3];
	struct {
		Elf64_Verneed need;
		Elf64_Vernaux aux[2];
	} needs[2];
	char strings[64];
};

enum { BASE = 0x1000 };
static const char strings[64] = "\0libown.so\0OWN_1\0OWN_2\0libc.so.6\0GLIBC_2\0GLIBC_3\0libm.so.6";
enum { OWN = 1, OWN_1 = 11, OWN_2 = 17, LIBC = 23, GLIBC_2 = 33, GLIBC_3 = 41, LIBM = 49 };

struct setting {
	struct sections *sections;
	Elf64_Phdr phdr;
	struct rl_image image;
	struct rl_dynamic dynamic;
};

static void def_make(struct sections *s, int i, unsigned flags, unsigned index, uint32_t name, uint32_t parent)
{
	s->defs[i].def = (Elf64_Verdef){VER_DEF_CURRENT,
					(Elf64_Half)flags,
					(Elf64_Half)index,
					parent != 0 ? 2 : 1,
					0x100 + (uint32_t)i,
					sizeof(Elf64_Verdef),
					i == 2 ? 0 : sizeof s->defs[0]};
	s->defs[i].aux[0] = (Elf64_Verdaux){name, parent != 0 ? sizeof(Elf64_Verdaux) : 0};
	s->defs[i].aux[1] = (Elf64_Verdaux){parent, 0};
}

static void setting_make(struct setting *setting)
{
	struct sections *s = calloc(1, sizeof *s);
	NEED(s != NULL);
	def_make(s, 0, VER_FLG_BASE, 1, OWN, 0);
	def_make(s, 1, 0, 2, OWN_1, 0);
	def_make(s, 2, 0, 3, OWN_2, OWN_1);
	s->needs[0].need = (Elf64_Verneed){VER_NEED_CURRENT, 2, LIBC, sizeof(Elf64_Verneed), sizeof s->needs[0]};
	s->needs[0].aux[0] = (Elf64_Vernaux){0x200, 0, 4, GLIBC_2, sizeof(Elf64_Vernaux)};
	s->needs[0].aux[1] = (Elf64_Vernaux){0x201, VER_FLG_WEAK, 0x8005, GLIBC_3, 0};
	s->needs[1].need = (Elf64_Verneed){VER_NEED_CURRENT, 1, LIBM, sizeof(Elf64_Verneed), 0};
	s->needs[1].aux[0] = (Elf64_Vernaux){0x200, 0, 6, GLIBC_2, 0};
	memcpy(s->strings, strings, sizeof strings);
	setting->sections = s;
	setting->phdr = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = BASE, .p_memsz = sizeof *s, .p_filesz = sizeof *s};
	setting->image = rl_image_make((uintptr_t)s - BASE, &setting->phdr, 1);
	setting->dynamic = (struct rl_dynamic){.strings = s->strings,
					       .strings_size = sizeof s->strings,
					       .verdef_vaddr = BASE,
					       .verdef_count = 3,
					       .verneed_vaddr = BASE + offsetof(struct sections, needs),
					       .verneed_count = 2};
}

static void whole_check(void)
{
	struct setting setting;
	setting_make(&setting);
	struct rl_version_table table = {0};
	CHECK(rl_versions_read(&setting.image, &setting.dynamic, &table) == RL_OK && table.count == 7);
	static const char *const names[] = {NULL, NULL, "OWN_1", "OWN_2", "GLIBC_2", "GLIBC_3", "GLIBC_2"};
	static const char *const files[] = {NULL, NULL, NULL, NULL, "libc.so.6", "libc.so.6", "libm.so.6"};
	for (size_t i = 0; i < 7 && i < table.count; i++) {
		const struct rl_version *version = &table.versions[i];
		CHECK(names[i] == NULL ? version->name == NULL : strcmp(version->name, names[i]) == 0);
		CHECK(files[i] == NULL ? version->file == NULL : strcmp(version->file, files[i]) == 0);
		CHECK(version->is_hidden == (i == 5));
	}
	CHECK(table.versions[3].hash == 0x102 && table.versions[5].hash == 0x201);
	rl_heap_give(table.versions);

	struct rl_need_cursor cursor = rl_need_start(&setting.image, &setting.dynamic);
	struct rl_need need;
	enum rl_status status;
	for (int i = 0; i < 3; i++) {
		CHECK(rl_need_next(&cursor, &need, &status) && status == RL_OK);
		CHECK(strcmp(need.file, i < 2 ? "libc.so.6" : "libm.so.6") == 0 && need.is_weak == (i == 1));
		CHECK(strcmp(need.version, i == 1 ? "GLIBC_3" : "GLIBC_2") == 0);
	}
	CHECK(!rl_need_next(&cursor, &need, &status) && status == RL_OK);
	setting.dynamic.verdef_count = setting.dynamic.verneed_count = 0;
	setting.dynamic.verdef_vaddr = setting.dynamic.verneed_vaddr = 0;
	CHECK(rl_versions_read(&setting.image, &setting.dynamic, &table) == RL_OK && table.count == 0);
	free(setting.sections);
}

/* Both readers over the same sections; the worse of their findings. */
static enum rl_status all_read(struct setting *setting)
{
	struct rl_version_table table = {0};
	enum rl_status first = rl_versions_read(&setting->image, &setting->dynamic, &table), second = RL_OK;
	struct rl_need_cursor cursor = rl_need_start(&setting->image, &setting->dynamic);
	struct rl_need need;
	unsigned count = 0;
	while (rl_need_next(&cursor, &need, &second))
		NEED(++count < 1000000);
	if (first == RL_OK)
		rl_heap_give(table.versions);
	return first != RL_OK ? first : second;
}

static void damage_check(void)
{
	static const struct {
		size_t offset, size;
		uint64_t value;
		enum rl_status status;
	} damages[] = {
		{offsetof(struct sections, defs[1].def.vd_version), 2, 2, RL_VERSION_FORMAT},
		{offsetof(struct sections, defs[1].def.vd_aux), 4, 0x10000, RL_DYNAMIC_DAMAGED},
		{offsetof(struct sections, defs[1].def.vd_aux), 4, 3, RL_DYNAMIC_DAMAGED},
		{offsetof(struct sections, defs[1].def.vd_next), 4, 0xfffffffc, RL_DYNAMIC_DAMAGED},
		{offsetof(struct sections, defs[1].aux[0].vda_name), 4, 64, RL_DYNAMIC_DAMAGED},
		{offsetof(struct sections, needs[0].need.vn_version), 2, 0, RL_VERSION_FORMAT},
		{offsetof(struct sections, needs[0].need.vn_file), 4, UINT32_MAX, RL_DYNAMIC_DAMAGED},
		{offsetof(struct sections, needs[0].need.vn_aux), 4, 0x7ffffffc, RL_DYNAMIC_DAMAGED},
		{offsetof(struct sections, needs[1].aux[0].vna_name), 4, 64, RL_DYNAMIC_DAMAGED},
		{offsetof(struct sections, needs[0].aux[0].vna_next), 4, 2, RL_DYNAMIC_DAMAGED},
		{offsetof(struct sections, needs[0].need.vn_next), 4, 1, RL_DYNAMIC_DAMAGED},
	};
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct setting setting;
		setting_make(&setting);
		memcpy((char *)setting.sections + damages[i].offset, &damages[i].value, damages[i].size);
		enum rl_status status = all_read(&setting);
		if (status != damages[i].status)
			fprintf(stderr, "damage %zu: status %d, expected %d\n", i, (int)status, (int)damages[i].status);
		CHECK(status == damages[i].status);
		free(setting.sections);
	}
}

/* Any bytes, any counts, sections anywhere: a status, in time. */
static void random_check(void)
{
	uint64_t state = 31;
	unsigned understood = 0;
	for (int round = 0; round < 60000; round++) {
		struct setting setting;
		setting_make(&setting);
		for (unsigned left = random_step(&state) % 4; left != 0; left--) {
			uint32_t value = random_step(&state) % 3 ? random_step(&state) % 80 : random_step(&state) * 2;
			size_t at = random_step(&state) % (offsetof(struct sections, strings) / 2) * 2;
			memcpy((char *)setting.sections + at, &value, random_step(&state) % 2 ? 2 : 1);
		}
		if (random_step(&state) % 8 == 0)
			setting.dynamic.verdef_count = setting.dynamic.verneed_count = SIZE_MAX;
		if (random_step(&state) % 8 == 0)
			setting.dynamic.verneed_vaddr =
				BASE + random_step(&state) % (sizeof(struct sections) + 64) - 32;
		understood += all_read(&setting) == RL_OK;
		free(setting.sections);
	}
	CHECK(understood > 5000);
}

int main(void)
{
	whole_check();
	damage_check();
	random_check();
	return check_result();
}
