/* Filling _rtld_global and _rtld_global_ro.  After the layout is chosen, before libc is relocated: its IFUNC resolvers
 * read them.  What each field means to libc is said in layout.h. */
#include "globals.h"

#include <string.h>

#include "glibc.h"

enum {
	MUTEX_KIND_OFFSET = 16,
	MUTEX_RECURSIVE = 1,
	CLOCK_TICKS = 100,
};

static void mutex_start(unsigned char *global, uint16_t mutex)
{
	if (mutex != RL_ABSENT)
		rl_glibc_put_int(global, (uint16_t)(mutex + MUTEX_KIND_OFFSET), MUTEX_RECURSIVE);
}

static void list_start(unsigned char *global, uint16_t head)
{
	void **list = rl_glibc_field(global, head);
	if (list != NULL)
		list[0] = list[1] = list;
}

static uint32_t stack_flags_value(const struct rl_glibc *glibc)
{
	uint32_t flags = glibc->stack_flags;
	if (glibc->layout->stack_flags_kind == RL_GLIBC_STACK_FLAGS_PF)
		return flags;
	return (flags & PF_R ? 1 : 0) | (flags & PF_W ? 2 : 0) | (flags & PF_X ? 4 : 0);
}

static void global_fill(struct rl_glibc *glibc)
{
	unsigned char *global = glibc->global;
	const struct rl_glibc_global *fields = &glibc->layout->global;
	rl_shadow_relink(glibc);
	rl_glibc_put_word(global, fields->dl_nns, 1);
	rl_glibc_put_pointer(global, fields->libc_map, rl_shadow_map(glibc->libc));
	mutex_start(global, fields->dl_load_lock);
	mutex_start(global, fields->dl_load_write_lock);
	mutex_start(global, fields->dl_load_tls_lock);
	/* Not NULL, and the same in both structures: "the linker is active", and nothing for freeres to walk. */
	if (!glibc->layout->dlfcn_hook_needs_null_dirs) {
		rl_glibc_put_pointer(global, fields->dl_all_dirs, global);
		rl_glibc_put_pointer(glibc->global_ro, glibc->layout->global_ro.dl_init_all_dirs, global);
	}
	rl_glibc_put_int(global, fields->dl_stack_flags, stack_flags_value(glibc));
	list_start(global, fields->dl_stack_used);
	list_start(global, fields->dl_stack_user);
	list_start(global, fields->dl_stack_cache);
}

static const void *vdso_function(struct rl_glibc *glibc, const char *name)
{
	struct rl_object *vdso = glibc->linker->vdso;
	if (vdso == NULL)
		return NULL;
	struct rl_name key = rl_name_make(name);
	struct rl_want want = {.newest = true};
	const Elf64_Sym *symbol = rl_symbols_find(&vdso->symbols, &key, &want);
	return symbol == NULL ? NULL : (const void *)(vdso->image.bias + symbol->st_value);
}

static void vdso_fill(struct rl_glibc *glibc)
{
	const struct rl_glibc_global_ro *fields = &glibc->layout->global_ro;
	const struct {
		uint16_t field;
		const char *name;
	} functions[] = {
		{fields->dl_vdso_clock_gettime64, "__vdso_clock_gettime"},
		{fields->dl_vdso_gettimeofday, "__vdso_gettimeofday"},
		{fields->dl_vdso_time, "__vdso_time"},
		{fields->dl_vdso_getcpu, "__vdso_getcpu"},
		{fields->dl_vdso_clock_getres_time64, "__vdso_clock_getres"},
		{fields->dl_vdso_getrandom, "__vdso_getrandom"},
	};
	if (glibc->linker->vdso == NULL)
		return;
	rl_glibc_put_word(glibc->global_ro, fields->dl_sysinfo_dso, glibc->kernel->aux[AT_SYSINFO_EHDR]);
	rl_glibc_put_pointer(glibc->global_ro, fields->dl_sysinfo_map, rl_shadow_map(glibc->linker->vdso));
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (functions[i].field != RL_ABSENT)
			rl_glibc_put_pointer(glibc->global_ro, functions[i].field,
					     vdso_function(glibc, functions[i].name));
}

static void kernel_fill(struct rl_glibc *glibc, const struct rl_glibc_machine *machine)
{
	unsigned char *ro = glibc->global_ro;
	const struct rl_glibc_global_ro *fields = &glibc->layout->global_ro;
	const struct rl_kernel *kernel = glibc->kernel;
	rl_glibc_put_word(ro, fields->dl_pagesize, glibc->linker->page_size);
	rl_glibc_put_word(ro, fields->dl_minsigstacksize,
			  rl_kernel_has(kernel, RL_AT_MINSIGSTKSZ) ? kernel->aux[RL_AT_MINSIGSTKSZ]
								   : machine->min_signal_stack);
	rl_glibc_put_int(ro, fields->dl_clktck,
			 rl_kernel_has(kernel, AT_CLKTCK) ? (uint32_t)kernel->aux[AT_CLKTCK] : CLOCK_TICKS);
	*(uint16_t *)(ro + fields->dl_fpu_control) = RL_PORT_FPU_CONTROL; /* libc has nothing to load */
	rl_glibc_put_word(ro, fields->dl_hwcap, machine->hwcap);
	rl_glibc_put_word(ro, fields->dl_hwcap2, kernel->aux[AT_HWCAP2]);
	rl_glibc_put_word(ro, fields->dl_hwcap3, kernel->aux[RL_AT_HWCAP3]);
	rl_glibc_put_word(ro, fields->dl_hwcap4, kernel->aux[RL_AT_HWCAP4]);
	rl_glibc_put_pointer(ro, fields->dl_auxv, kernel->auxv);
	rl_glibc_put_pointer(ro, fields->dl_platform, machine->platform);
	rl_glibc_put_word(ro, fields->dl_platformlen, machine->platform == NULL ? 0 : strlen(machine->platform));
	rl_glibc_put_int(ro, fields->dl_debug_fd, 2);
	rl_glibc_put_int(ro, fields->dl_lazy, !glibc->linker->binds_now);
}

static void entries_fill(struct rl_glibc *glibc, const struct rl_glibc_entries *entries)
{
	unsigned char *ro = glibc->global_ro;
	const struct rl_glibc_global_ro *fields = &glibc->layout->global_ro;
	rl_glibc_put_pointer(ro, fields->dl_debug_printf, entries->debug_printf);
	rl_glibc_put_pointer(ro, fields->dl_mcount, entries->mcount);
	rl_glibc_put_pointer(ro, fields->dl_lookup_symbol_x, entries->lookup_symbol);
	rl_glibc_put_pointer(ro, fields->dl_open, entries->open);
	rl_glibc_put_pointer(ro, fields->dl_close, entries->close);
	rl_glibc_put_pointer(ro, fields->dl_catch_error, entries->catch_error);
	rl_glibc_put_pointer(ro, fields->dl_error_free, entries->error_free);
	rl_glibc_put_pointer(ro, fields->dl_tls_get_addr_soft, entries->tls_address_soft);
	rl_glibc_put_pointer(ro, fields->dl_libc_freeres, entries->freeres);
	rl_glibc_put_pointer(ro, fields->dl_find_object, entries->find_object);
	rl_glibc_put_pointer(ro, fields->dl_readonly_area, entries->readonly_area);
	if (glibc->layout->has_dlfcn_hook)
		rl_glibc_put_pointer(ro, fields->dl_dlfcn_hook, entries->dlfcn_hook);
}

void rl_glibc_globals_fill(struct rl_glibc *glibc, const struct rl_glibc_machine *machine,
			   const struct rl_glibc_entries *entries)
{
	global_fill(glibc);
	kernel_fill(glibc, machine);
	vdso_fill(glibc);
	entries_fill(glibc, entries);
}

void rl_glibc_globals_tls(struct rl_glibc *glibc)
{
	const struct rl_tls_state *tls = &glibc->linker->tls;
	const struct rl_glibc_layout *layout = glibc->layout;
	rl_glibc_put_word(glibc->global_ro, layout->global_ro.dl_tls_static_size, tls->static_size);
	rl_glibc_put_word(glibc->global_ro, layout->global_ro.dl_tls_static_align, tls->static_align);
	rl_glibc_put_word(glibc->global, layout->global.dl_tls_static_size, tls->static_size);
	rl_glibc_put_word(glibc->global, layout->global.dl_tls_static_align, tls->static_align);
	rl_glibc_put_word(glibc->global, layout->global.dl_tls_static_used, tls->static_used);
	for (struct rl_object *object = glibc->linker->base.first; object != NULL; object = object->next)
		rl_shadow_tls(glibc, object);
}
