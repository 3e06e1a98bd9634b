/* What libdl-relink.so exports (preload.map): the dlfcn family with the versions that glibc gives it, and what unwinders
 * ask.  Thin: each function decides whose the question is. */
#include "preload.h"

#define RL_EXPORT __attribute__((visibility("default"), used))
/* One function under the version it had before libdl was merged into libc (the oldest CPU's), and since then. */
#define VERSIONS(own, name, old)                                                                                       \
	__asm__(".globl " #own "_old\n.set " #own "_old, " #own "\n"                                                  \
		".symver " #own "_old, " #name "@" RL_PORT_GLIBC_SINCE(old) "\n"                                      \
		".symver " #own ", " #name "@@GLIBC_2.34")

#define CALLER __builtin_return_address(0)

void *preload_dlopen(const char *name, int mode);
RL_EXPORT void *preload_dlopen(const char *name, int mode)
{
	if (!rl_preload_ready())
		return rl_host.functions.open == NULL ? NULL : rl_host.functions.open(name, mode);
	return rl_preload_open(name, mode, CALLER);
}
VERSIONS(preload_dlopen, dlopen, "GLIBC_2.2.5");

void *preload_dlmopen(long namespace_id, const char *name, int mode);
RL_EXPORT void *preload_dlmopen(long namespace_id, const char *name, int mode)
{
	bool is_ready = rl_preload_ready();
	enum { KNOWN = RL_DL_LAZY | RL_DL_NOW | RL_DL_NOLOAD | RL_DL_DEEPBIND | RL_DL_GLOBAL | RL_DL_NODELETE };
	if (is_ready && namespace_id == rl_process.linker.base.id)
		return rl_preload_open(name, mode & KNOWN, CALLER); /* dlmopen is not as strict as dlopen */
	if (rl_host.functions.open_in == NULL)
		return is_ready ? rl_dl_open_in(namespace_id, name, mode, CALLER) : NULL;
	return is_ready ? rl_preload_open_in(namespace_id, name, mode, CALLER)
			: rl_host.functions.open_in(namespace_id, name, mode);
}
VERSIONS(preload_dlmopen, dlmopen, "GLIBC_2.3.4");

int preload_dlclose(void *handle);
RL_EXPORT int preload_dlclose(void *handle)
{
	if (!rl_preload_ready())
		return rl_host.functions.close == NULL ? -1 : rl_host.functions.close(handle);
	struct rl_object *object = rl_host_object(&rl_host, handle);
	if (object != NULL && !rl_host.is_glibc)
		return 0; /* musl unloads nothing, and programs may count on that */
	if (object != NULL)
		return rl_preload_close(object);
	rl_dl_error_clear();
	int result = rl_host.functions.close(handle);
	if (result != 0)
		rl_preload_error_take();
	return result;
}
VERSIONS(preload_dlclose, dlclose, "GLIBC_2.2.5");

/* Whether dlsym of HANDLE is ours to answer, and whose handle it is. */
static bool handle_is_ours(void *handle, const void *caller, struct rl_object **out_object)
{
	*out_object = handle == RL_DL_DEFAULT || handle == RL_DL_NEXT ? NULL : rl_host_object(&rl_host, handle);
	if (handle == RL_DL_NEXT && rl_dl_object_at(caller) == NULL)
		rl_preload_refresh();
	return handle == RL_DL_DEFAULT || handle == RL_DL_NEXT || *out_object != NULL;
}

void *preload_dlsym(void *handle, const char *name);
RL_EXPORT void *preload_dlsym(void *handle, const char *name)
{
	bool is_ready = rl_preload_ready();
	struct rl_object *object;
	if (is_ready && handle_is_ours(handle, CALLER, &object))
		return rl_dl_symbol_of(object, handle, name, CALLER);
	if (rl_host.functions.symbol == NULL)
		return NULL;
	if (is_ready)
		rl_dl_error_clear();
	void *value = rl_host.functions.symbol(handle, name);
	if (value == NULL && is_ready)
		rl_preload_error_take();
	return value;
}
VERSIONS(preload_dlsym, dlsym, "GLIBC_2.2.5");

void *preload_dlvsym(void *handle, const char *name, const char *version);
RL_EXPORT void *preload_dlvsym(void *handle, const char *name, const char *version)
{
	bool is_ready = rl_preload_ready();
	struct rl_object *object;
	if (is_ready && handle_is_ours(handle, CALLER, &object))
		return rl_dl_symbol_version(handle, name, version, CALLER);
	if (rl_host.functions.symbol_version == NULL)
		return NULL;
	if (is_ready)
		rl_dl_error_clear();
	void *value = rl_host.functions.symbol_version(handle, name, version);
	if (value == NULL && is_ready)
		rl_preload_error_take();
	return value;
}
VERSIONS(preload_dlvsym, dlvsym, "GLIBC_2.2.5");

char *preload_dlerror(void);
RL_EXPORT char *preload_dlerror(void)
{
	if (!rl_preload_ready())
		return rl_host.functions.error == NULL ? NULL : rl_host.functions.error();
	return rl_dl_error();
}
VERSIONS(preload_dlerror, dlerror, "GLIBC_2.2.5");

int preload_dladdr(const void *address, struct rl_dl_address *out_info);
RL_EXPORT int preload_dladdr(const void *address, struct rl_dl_address *out_info)
{
	if (rl_preload_ready() && rl_dl_address(address, out_info))
		return 1;
	return rl_host.functions.address == NULL ? 0 : rl_host.functions.address(address, out_info);
}
VERSIONS(preload_dladdr, dladdr, "GLIBC_2.2.5");

int preload_dladdr1(const void *address, struct rl_dl_address *out_info, void **out_extra, int flags);
RL_EXPORT int preload_dladdr1(const void *address, struct rl_dl_address *out_info, void **out_extra, int flags)
{
	if (rl_preload_ready() && rl_dl_address_more(address, out_info, out_extra, flags))
		return 1;
	return rl_host.functions.address_more == NULL
		       ? 0
		       : rl_host.functions.address_more(address, out_info, out_extra, flags);
}
VERSIONS(preload_dladdr1, dladdr1, "GLIBC_2.3.3");

int preload_dlinfo(void *handle, int request, void *out);
RL_EXPORT int preload_dlinfo(void *handle, int request, void *out)
{
	bool is_ready = rl_preload_ready();
	struct rl_object *object = is_ready ? rl_host_object(&rl_host, handle) : NULL;
	if (object != NULL && !object->is_hosted)
		return rl_host.is_glibc ? rl_dl_info(handle, request, out) : rl_preload_musl_info(object, request, out);
	if (rl_host.functions.info == NULL)
		return -1;
	if (is_ready)
		rl_dl_error_clear();
	int result = rl_host.functions.info(handle, request, out);
	if (result == -1 && is_ready)
		rl_preload_error_take();
	return result;
}
VERSIONS(preload_dlinfo, dlinfo, "GLIBC_2.3.3");

int dl_iterate_phdr(rl_phdr_visitor *visit, void *argument);
RL_EXPORT int dl_iterate_phdr(rl_phdr_visitor *visit, void *argument)
{
	if (rl_preload_ready())
		return rl_host_iterate(&rl_host, visit, argument);
	return rl_host.functions.iterate == NULL ? 0 : rl_host.functions.iterate(visit, argument);
}

int _dl_find_object(void *address, void *out_result);
RL_EXPORT int _dl_find_object(void *address, void *out_result)
{
	if (rl_preload_ready())
		return rl_host_find_object(&rl_host, (uintptr_t)address, out_result);
	return rl_host.functions.find_object == NULL ? -1 : rl_host.functions.find_object(address, out_result);
}
