/* The table that libc's dl* entry points forward to, in the order libc knows (2.36: glibc's struct dlfcn_hook).
 * The last four are libc's own requests (NSS, iconv, libgcc_s) and leave dlerror alone. */
#include "../libdl/dl.h"
#include "exports.h"

/* In libc, or in who called it: libc may jump here. */
#define CALLER __builtin_return_address(0)

struct rl_dlfcn_hook {
	void *(*open)(const char *name, int mode, void *caller);
	int (*close)(void *handle);
	void *(*symbol)(void *handle, const char *name, void *caller);
	void *(*symbol_version)(void *handle, const char *name, const char *version, void *caller);
	char *(*error)(void);
	int (*address)(const void *address, struct rl_dl_address *out_info);
	int (*address_more)(const void *address, struct rl_dl_address *out_info, void **out_extra, int flags);
	int (*info)(void *handle, int request, void *out);
	void *(*open_in)(long namespace_id, const char *name, int mode, void *caller);
	void *(*libc_open)(const char *name, int mode);
	void *(*libc_symbol)(void *handle, const char *name);
	void *(*libc_symbol_version)(void *handle, const char *name, const char *version);
	int (*libc_close)(void *handle);
};

/* Each namespace has a libc of its own, and that one's dlerror tells of what was asked of it. */
void rl_hook_enter(const void *caller)
{
	if (__builtin_expect(rl_process.linker.base.next == NULL, 1))
		return;
	const struct rl_object *object = rl_dl_object_at(caller);
	rl_dl_error_select(object == NULL ? 0 : object->namespace->id);
}

static void *hook_open(const char *name, int mode, void *caller)
{
	rl_hook_enter(caller);
	return rl_dl_open(name, mode, caller);
}

static int hook_close(void *handle)
{
	rl_hook_enter(CALLER);
	return rl_dl_close(handle);
}

static void *hook_symbol(void *handle, const char *name, void *caller)
{
	rl_hook_enter(caller);
	return rl_dl_symbol(handle, name, caller);
}

static void *hook_symbol_version(void *handle, const char *name, const char *version, void *caller)
{
	rl_hook_enter(caller);
	return rl_dl_symbol_version(handle, name, version, caller);
}

static char *hook_error(void)
{
	rl_hook_enter(CALLER);
	return rl_dl_error();
}

static int hook_info(void *handle, int request, void *out)
{
	rl_hook_enter(CALLER);
	return rl_dl_info(handle, request, out);
}

static void *hook_open_in(long namespace_id, const char *name, int mode, void *caller)
{
	rl_hook_enter(caller);
	return rl_dl_open_in(namespace_id, name, mode, caller);
}

/* What libc opens for itself belongs into its own namespace. */
static void *hook_libc_open(const char *name, int mode)
{
	return rl_dl_open_quietly(name, mode, CALLER);
}

static void *hook_libc_symbol(void *handle, const char *name)
{
	return rl_dl_symbol_quietly(handle, name, NULL);
}

const struct rl_dlfcn_hook rl_dlfcn_hook = {
	.open = hook_open,
	.close = hook_close,
	.symbol = hook_symbol,
	.symbol_version = hook_symbol_version,
	.error = hook_error,
	.address = rl_dl_address,
	.address_more = rl_dl_address_more,
	.info = hook_info,
	.open_in = hook_open_in,
	.libc_open = hook_libc_open,
	.libc_symbol = hook_libc_symbol,
	.libc_symbol_version = rl_dl_symbol_quietly,
	.libc_close = rl_dl_close_quietly,
};
