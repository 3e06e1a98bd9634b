/* Choosing the layout row for the libc.so.6 that was found.  Runs once per libc, before it is relocated.
 *
 * The release alone does not tell the layout: stable branches and distributions insert fields.  So five offsets are
 * read off the libc itself, each behind the places where fields were inserted so far, and all have to agree:
 *   - libthread_db's descriptors (since 2.34 in libc's dynamic symbols) pin the thread descriptor, the end of
 *     _rtld_global and the end of struct link_map;
 *   - two functions that do little but read one field pin the middle and the end of _rtld_global_ro.
 * Five or six look-ups of one table and a look at two short functions.
 */
#include "fingerprint.h"

#include <string.h>

#include "../../../arch/anchor.h"
#include "../../../arch/port.h"

enum {
	CODE_MAX = 256,   /* bytes of a function that are looked at */
	VERSION_MAX = 16, /* characters of a version string */
};

/* The names, hashed beforehand: they are looked up at every start.  No pointers, so that nothing is relocated. */
static const struct {
	uint32_t gnu_hash;
	char string[44];
} names[] = {
	{0xf3998d46, "__nptl_version"},
	{0xc5dc856c, "gnu_get_libc_version"},
	{0xe6cc0f57, "_thread_db_sizeof_pthread"},
	{0xa68eb8c7, "_thread_db_rtld_global__dl_stack_user"},
	{0xa6904a94, "_thread_db_link_map_l_tls_modid"},
	{0xd257ee96, "getauxval"},
	{0xb98cf3ea, "_dl_find_object"},
};

enum name {
	NAME_NPTL_VERSION, /* a string, since 2.34 */
	NAME_VERSION,      /* a function that returns the string */
	NAME_THREAD_SIZE,  /* u32, since 2.34, like all of libthread_db's */
	NAME_STACK_USER,   /* u32 {bits, count, offset} */
	NAME_TLS_MODID,    /* u32 {bits, count, offset} */
	NAME_HWCAP2,       /* function, returns one of two fields of _rtld_global_ro: only this one is far */
	NAME_FIND_OBJECT,  /* function, jumps through a field of _rtld_global_ro, since 2.35 */
};

/* A libc being looked at. */
struct subject {
	const struct rl_image *image;
	const struct rl_symbols *symbols;
};

static const Elf64_Sym *symbol_of(const struct subject *libc, enum name which)
{
	struct rl_name name = {.string = names[which].string, .gnu_hash = names[which].gnu_hash};
	struct rl_want want = {.newest = true};
	const Elf64_Sym *symbol = rl_symbols_find(libc->symbols, &name, &want);
	return symbol != NULL && symbol->st_shndx != SHN_UNDEF ? symbol : NULL;
}

/* The u32 with this index in a descriptor, as an offset. */
static uint16_t descriptor_word(const struct subject *libc, enum name which, unsigned index)
{
	const Elf64_Sym *symbol = symbol_of(libc, which);
	if (symbol == NULL)
		return RL_ABSENT;
	uint32_t word;
	const char *words = rl_image_array(libc->image, symbol->st_value, index + 1, sizeof(word));
	if (words == NULL)
		return RL_ABSENT;
	memcpy(&word, words + index * sizeof(word), sizeof(word)); /* a damaged file may misalign it */
	return word < RL_ABSENT ? (uint16_t)word : RL_ABSENT;
}

/* The code of a function, at most CODE_MAX bytes of it. */
static const void *code_of(const struct subject *libc, const Elf64_Sym *symbol, size_t *out_size)
{
	*out_size = symbol->st_size < CODE_MAX ? symbol->st_size : CODE_MAX;
	return rl_image_array(libc->image, symbol->st_value, *out_size, 1);
}

static uint16_t far_field(const struct subject *libc, enum name which)
{
	const Elf64_Sym *symbol = symbol_of(libc, which);
	size_t size;
	uint32_t offset;
	const void *code = symbol == NULL ? NULL : code_of(libc, symbol, &size);
	if (code == NULL || !rl_port_code_field(code, size, &offset) || offset >= RL_ABSENT)
		return RL_ABSENT;
	return (uint16_t)offset;
}

/* A string of the image that is short enough for a version, or NULL. */
static const char *short_string(const struct subject *libc, uint64_t vaddr)
{
	size_t reach = rl_image_reach(libc->image, vaddr);
	size_t size = reach < VERSION_MAX ? reach : VERSION_MAX;
	const char *string = size == 0 ? NULL : rl_image_array(libc->image, vaddr, size, 1);
	return string != NULL && memchr(string, '\0', size) != NULL ? string : NULL;
}

static const char *version_of(const struct subject *libc)
{
	const Elf64_Sym *symbol = symbol_of(libc, NAME_NPTL_VERSION);
	if (symbol != NULL)
		return short_string(libc, symbol->st_value);
	symbol = symbol_of(libc, NAME_VERSION);
	size_t size;
	int64_t distance;
	const void *code = symbol == NULL ? NULL : code_of(libc, symbol, &size);
	if (code == NULL || !rl_port_code_address(code, size, &distance))
		return NULL;
	return short_string(libc, symbol->st_value + (uint64_t)distance);
}

/* 236 from "2.36"; 0 for anything else, such as the "2.42.9000" of a development snapshot. */
static uint16_t release_of(const char *version)
{
	if (version == NULL || version[0] != '2' || version[1] != '.')
		return 0;
	for (int i = 2; i < 4; i++)
		if (version[i] < '0' || version[i] > '9')
			return 0;
	return version[4] == '\0' ? (uint16_t)(200 + (version[2] - '0') * 10 + (version[3] - '0')) : 0;
}

/* The hash of the symbol version GLIBC_2.N of a release: rl_hash_sysv, with all but the digits done beforehand. */
static uint32_t version_hash(uint16_t release)
{
	uint32_t hash = 0x00d6968e; /* of "GLIBC_2." */
	const unsigned digits[] = {release % 100 / 10, release % 10};
	for (int i = 0; i < 2; i++) {
		hash = (hash << 4) + '0' + digits[i];
		hash ^= (hash >> 24) & 0xf0;
	}
	return hash & 0x0fffffff;
}

/* A release defines its own symbol version, or the one before if it added no symbol (2.31, 2.37, 2.40).  A newer one
 * means that a distribution brought features of later releases back, and their private fields with them.  Link editors
 * number versions in the order of the script, which is ascending, so the newest is near the end.
 */
static bool versions_agree(const struct rl_symbols *symbols, uint16_t release)
{
	uint32_t before = version_hash(release - 1), own = version_hash(release), after = version_hash(release + 1);
	for (size_t i = symbols->version_count; i-- > 0;) {
		const struct rl_version *version = &symbols->versions[i];
		if (version->name == NULL || version->file != NULL)
			continue;
		if (version->hash == own || version->hash == before)
			return true;
		if (version->hash == after)
			return false;
	}
	return false;
}

bool rl_glibc_identity_fits(const struct rl_glibc_identity *identity, const struct rl_glibc_layout *layout)
{
	if (layout->release != identity->release || !identity->versions_agree)
		return false;
	/* Until 2.33 the descriptors are in libpthread, and not among the dynamic symbols. */
	bool has_descriptors = layout->thread_setup != RL_GLIBC_THREADS_BY_LIBPTHREAD;
	return identity->thread_size == (has_descriptors ? layout->pthread.size : RL_ABSENT)
	       && identity->stack_user == (has_descriptors ? layout->global.dl_stack_user : RL_ABSENT)
	       && identity->tls_modid == (has_descriptors ? layout->link_map.l_tls_modid : RL_ABSENT)
	       && identity->hwcap2 == layout->global_ro.dl_hwcap2
	       && identity->find_object == layout->global_ro.dl_find_object;
}

enum rl_status rl_glibc_identify(const struct rl_image *image, const struct rl_symbols *symbols,
				 const struct rl_glibc_layout **out_layout, struct rl_glibc_identity *out_identity)
{
	const struct subject libc = {image, symbols};
	const char *version = version_of(&libc);
	uint16_t release = release_of(version);
	*out_identity = (struct rl_glibc_identity){
		.version = version,
		.release = release,
		.versions_agree = release != 0 && versions_agree(symbols, release),
		.thread_size = descriptor_word(&libc, NAME_THREAD_SIZE, 0),
		.stack_user = descriptor_word(&libc, NAME_STACK_USER, 2),
		.tls_modid = descriptor_word(&libc, NAME_TLS_MODID, 2),
		.hwcap2 = far_field(&libc, NAME_HWCAP2),
		.find_object = far_field(&libc, NAME_FIND_OBJECT),
	};
	for (size_t i = 0; i < rl_glibc_layouts_count; i++) {
		const struct rl_glibc_layout *layout = &rl_glibc_layouts[i];
		if (layout->machine == RL_PORT_MACHINE && rl_glibc_identity_fits(out_identity, layout)) {
			*out_layout = layout;
			return RL_OK;
		}
	}
	return RL_LIBC_UNKNOWN;
}
