/* The dynamic section: every tag ends in its field, whatever points outside is refused, and what is absent is
 * absent. */
#include "../../ldso/elf/dynamic.h"

#include "check.h"

enum {
	BASE = 0x10000,
	SIZE = 0x2000,
	ENTRY_LIMIT = 64,
	OFF_STRINGS = 0x100,
	OFF_SYMBOLS = 0x200,
	OFF_HASH = 0x400,
	OFF_RELA = 0x500,
	OFF_PLT = 0x600,
	OFF_RELR = 0x700,
	OFF_ARRAY = 0x800,
	OFF_GOT = 0x900,
	OFF_VERSYM = 0xa00,
	OFF_GNU = 0xb00,
	OFF_DYNAMIC = 0x1000
};

/* A writable segment with everything a file can have, in a block of exactly its size. */
struct setting {
	unsigned char *memory;
	Elf64_Phdr phdr;
	struct rl_image image;
	Elf64_Dyn *entries;
	size_t count;
};

static void put(struct setting *setting, int64_t tag, uint64_t value)
{
	setting->entries[setting->count++] = (Elf64_Dyn){.d_tag = tag, .d_un.d_val = value};
}

static void setting_make(struct setting *setting)
{
	setting->memory = aligned_alloc(16, SIZE);
	NEED(setting->memory != NULL);
	memset(setting->memory, 0, SIZE);
	setting->phdr = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = BASE, .p_memsz = SIZE};
	setting->image = rl_image_make((uintptr_t)setting->memory - BASE, &setting->phdr, 1);
	setting->entries = (Elf64_Dyn *)(setting->memory + OFF_DYNAMIC);
	setting->count = 0;
	memcpy(setting->memory + OFF_STRINGS, "\0libx.so.1\0/run\0/old", 21);
	put(setting, DT_STRTAB, BASE + OFF_STRINGS);
	put(setting, DT_STRSZ, 21);
	put(setting, DT_SYMTAB, BASE + OFF_SYMBOLS);
	put(setting, DT_SYMENT, sizeof(Elf64_Sym));
	put(setting, DT_HASH, BASE + OFF_HASH);
	put(setting, DT_GNU_HASH, BASE + OFF_GNU);
	put(setting, DT_VERSYM, BASE + OFF_VERSYM);
	put(setting, DT_RELA, BASE + OFF_RELA);
	put(setting, DT_RELASZ, 3 * sizeof(Elf64_Rela));
	put(setting, DT_RELAENT, sizeof(Elf64_Rela));
	put(setting, DT_RELACOUNT, 2);
	put(setting, DT_JMPREL, BASE + OFF_PLT);
	put(setting, DT_PLTRELSZ, 2 * sizeof(Elf64_Rela));
	put(setting, DT_PLTREL, DT_RELA);
	put(setting, DT_PLTGOT, BASE + OFF_GOT);
	put(setting, DT_RELR, BASE + OFF_RELR);
	put(setting, DT_RELRSZ, 16);
	put(setting, DT_RELRENT, 8);
	put(setting, DT_INIT, 0x123);
	put(setting, DT_FINI, 0x456);
	put(setting, DT_INIT_ARRAY, BASE + OFF_ARRAY);
	put(setting, DT_INIT_ARRAYSZ, 24);
	put(setting, DT_SONAME, 1);
	put(setting, DT_FLAGS, DF_BIND_NOW);
	put(setting, DT_FLAGS_1, DF_1_NODELETE);
}

static Elf64_Dyn *entry(struct setting *setting, int64_t tag)
{
	for (size_t i = 0; i < setting->count; i++)
		if (setting->entries[i].d_tag == tag)
			return &setting->entries[i];
	put(setting, tag, 0);
	return &setting->entries[setting->count - 1];
}

static enum rl_status dynamic_read(struct setting *setting, struct rl_dynamic *out_dynamic)
{
	setting->entries[setting->count] = (Elf64_Dyn){0};
	return rl_dynamic_read(&setting->image, BASE + OFF_DYNAMIC, out_dynamic);
}

static void whole_check(void)
{
	struct setting setting;
	struct rl_dynamic d;
	setting_make(&setting);
	NEED(dynamic_read(&setting, &d) == RL_OK);
	const unsigned char *memory = setting.memory;
	CHECK(d.entry_count == setting.count + 1 && d.strings == (const char *)memory + OFF_STRINGS
	      && d.strings_size == 21);
	CHECK((const void *)d.symbols == memory + OFF_SYMBOLS
	      && d.symbol_limit == (SIZE - OFF_SYMBOLS) / sizeof(Elf64_Sym));
	CHECK((const void *)d.sysv_hash == memory + OFF_HASH && d.sysv_hash_words == (SIZE - OFF_HASH) / 4);
	CHECK((const void *)d.gnu_hash == memory + OFF_GNU && d.gnu_hash_words == (SIZE - OFF_GNU) / 4);
	CHECK((const void *)d.versym == memory + OFF_VERSYM && d.versym_limit == (SIZE - OFF_VERSYM) / 2);
	CHECK(d.rela.start == memory + OFF_RELA && d.rela.count == 3 && d.relative_count == 2);
	CHECK(d.plt.start == memory + OFF_PLT && d.plt.count == 2 && (unsigned char *)d.plt_got == memory + OFF_GOT);
	CHECK(d.relr.start == memory + OFF_RELR && d.relr.count == 2);
	CHECK(d.init == setting.image.bias + 0x123 && d.fini == setting.image.bias + 0x456);
	CHECK(d.init_array.start == memory + OFF_ARRAY && d.init_array.count == 3 && d.fini_array.count == 0);
	CHECK(strcmp(d.soname, "libx.so.1") == 0 && d.rpath == NULL && d.runpath == NULL);
	CHECK(d.binds_now && !d.is_symbolic && !d.has_text_relocations && d.flags_1 == DF_1_NODELETE);
	CHECK(rl_dynamic_string(&d, 20)[0] == '\0' && rl_dynamic_string(&d, 21) == NULL);
	CHECK(rl_dynamic_string(&d, UINT64_MAX) == NULL);
	free(setting.memory);
}

static void variants_check(void)
{
	struct setting setting;
	struct rl_dynamic d;
	setting_make(&setting);
	entry(&setting, DT_RPATH)->d_un.d_val = 16;
	CHECK(dynamic_read(&setting, &d) == RL_OK && strcmp(d.rpath, "/old") == 0);
	entry(&setting, DT_RUNPATH)->d_un.d_val = 11;
	CHECK(dynamic_read(&setting, &d) == RL_OK && strcmp(d.runpath, "/run") == 0 && d.rpath == NULL);
	entry(&setting, DT_RELACOUNT)->d_un.d_val = 100; /* never more than there are */
	CHECK(dynamic_read(&setting, &d) == RL_OK && d.relative_count == 3);
	/* A linker that counts the PLT's relocations in DT_RELASZ too. */
	entry(&setting, DT_RELACOUNT)->d_un.d_val = 5;
	entry(&setting, DT_JMPREL)->d_un.d_val = BASE + OFF_RELA + sizeof(Elf64_Rela);
	CHECK(dynamic_read(&setting, &d) == RL_OK && d.rela.count == 1 && d.plt.count == 2 && d.relative_count == 1);
	static const uint64_t flags[] = {DF_SYMBOLIC, DF_TEXTREL};
	for (int i = 0; i < 2; i++) {
		entry(&setting, DT_FLAGS)->d_un.d_val = flags[i];
		CHECK(dynamic_read(&setting, &d) == RL_OK && !d.binds_now);
		CHECK(d.is_symbolic == (i == 0) && d.has_text_relocations == (i == 1));
	}
	entry(&setting, DT_FLAGS_1)->d_un.d_val = DF_1_NOW;
	CHECK(dynamic_read(&setting, &d) == RL_OK && d.binds_now);
	setting.phdr.p_flags = PF_R; /* the first words of the GOT cannot be written */
	CHECK(dynamic_read(&setting, &d) == RL_OK && d.plt_got == NULL);
	setting.count = 0; /* nothing at all */
	CHECK(dynamic_read(&setting, &d) == RL_OK && d.entry_count == 1 && d.strings == NULL && d.symbols == NULL);
	CHECK(d.rela.count == 0 && d.init == 0 && d.soname == NULL && rl_dynamic_string(&d, 0) == NULL);
	free(setting.memory);
}

static void damage_check(void)
{
	static const struct {
		int64_t tag;
		uint64_t value;
	} wrong[] = {
		{DT_STRTAB, 0},
		{DT_STRTAB, BASE + SIZE - 20},
		{DT_STRTAB, UINT64_MAX},
		{DT_STRSZ, 0},
		{DT_STRSZ, SIZE},
		{DT_STRSZ, UINT64_MAX},
		{DT_STRSZ, 5},
		{DT_SYMTAB, BASE + SIZE},
		{DT_SYMTAB, BASE + SIZE - 8},
		{DT_SYMTAB, BASE + OFF_SYMBOLS + 1},
		{DT_SYMENT, 16},
		{DT_HASH, 0},
		{DT_HASH, BASE + OFF_HASH + 2},
		{DT_GNU_HASH, BASE - 8},
		{DT_GNU_HASH, BASE + OFF_GNU + 4},
		{DT_VERSYM, BASE + OFF_VERSYM + 1},
		{DT_VERSYM, BASE + SIZE},
		{DT_RELA, BASE + OFF_RELA + 4},
		{DT_RELA, 0},
		{DT_RELASZ, SIZE},
		{DT_RELASZ, UINT64_MAX},
		{DT_RELAENT, 16},
		{DT_JMPREL, BASE + SIZE - 24},
		{DT_PLTRELSZ, UINT64_MAX},
		{DT_PLTREL, DT_REL},
		{DT_RELR, BASE + SIZE},
		{DT_RELRSZ, UINT64_MAX},
		{DT_RELRENT, 4},
		{DT_INIT_ARRAY, BASE + SIZE - 16},
		{DT_INIT_ARRAYSZ, UINT64_MAX},
		{DT_SONAME, 21},
		{DT_SONAME, UINT64_MAX},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct setting setting;
		struct rl_dynamic d = {.entry_count = 12345};
		setting_make(&setting);
		entry(&setting, wrong[i].tag)->d_un.d_val = wrong[i].value;
		enum rl_status status = dynamic_read(&setting, &d);
		if (status != RL_DYNAMIC_DAMAGED)
			fprintf(stderr, "tag %#lx value %#lx: status %d\n", (unsigned long)wrong[i].tag,
				(unsigned long)wrong[i].value, (int)status);
		CHECK(status == RL_DYNAMIC_DAMAGED && d.entry_count == 12345); /* the output is untouched */
		free(setting.memory);
	}
	struct setting setting;
	struct rl_dynamic d;
	setting_make(&setting);
	for (size_t i = setting.count; i < (SIZE - OFF_DYNAMIC) / sizeof(Elf64_Dyn); i++)
		setting.entries[i] = (Elf64_Dyn){.d_tag = 0x6fffff00};
	CHECK(rl_dynamic_read(&setting.image, BASE + OFF_DYNAMIC, &d) == RL_DYNAMIC_DAMAGED); /* no end */
	CHECK(rl_dynamic_read(&setting.image, BASE + OFF_DYNAMIC + 4, &d) == RL_DYNAMIC_DAMAGED);
	CHECK(rl_dynamic_read(&setting.image, BASE + SIZE, &d) == RL_DYNAMIC_DAMAGED);
	CHECK(rl_dynamic_read(&setting.image, BASE + SIZE - 8, &d) == RL_DYNAMIC_DAMAGED);
	CHECK(rl_dynamic_read(&setting.image, 0, &d) == RL_DYNAMIC_DAMAGED);
	free(setting.memory);
}

int main(void)
{
	whole_check();
	variants_check();
	damage_check();
	return check_result();
}
