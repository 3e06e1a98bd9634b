/* _dl_lookup_symbol_x: libc's own lookups.  Up to 2.40 the IFUNC resolvers of gettimeofday and time use it, during
 * relocation, to find the vDSO's functions; dlsym inside libc would, if the dlfcn hook did not take that over. */
#include "../../link/lookup.h"
#include "glibc.h"

/* glibc's struct r_found_version. */
struct found_version {
	const char *name;
	uint32_t hash;
	int hidden;
	const char *filename;
};

struct rl_link_map *rl_glibc_lookup_symbol(struct rl_glibc *glibc, const char *name, struct rl_object *object,
					   const Elf64_Sym **symbol, const void *version, unsigned flags)
{
	enum { RETURN_NEWEST = 4 };
	const struct found_version *wanted = version;
	struct rl_version wanted_version;
	struct rl_lookup lookup = {.name = rl_name_make(name), .want = {.newest = (flags & RETURN_NEWEST) != 0}};
	if (wanted != NULL) {
		wanted_version = (struct rl_version){
			.name = wanted->name, .file = wanted->filename, .hash = wanted->hash, .is_hidden = wanted->hidden != 0};
		lookup.want.version = &wanted_version;
	}
	struct rl_binding binding = {0};
	struct rl_linker *linker = glibc->linker;
	const struct rl_scope_list *search = atomic_load(&object->search);
	if (search != NULL ? !rl_lookup_list(linker, search, &lookup, &binding)
			   : (binding.symbol = rl_symbols_find(&object->symbols, &lookup.name, &lookup.want)) == NULL) {
		*symbol = NULL;
		return NULL;
	}
	if (binding.object == NULL)
		binding.object = object;
	*symbol = binding.symbol;
	return rl_shadow_map(binding.object);
}
