/* What the stress program and its libraries call where the engine and libdl are compiled into the program: the
 * functions of libdl/preload_exports.c, without versions.  What the sanitizer itself calls keeps the host's meaning:
 * the program's calls have other names then (-Ddlsym=stress_dlsym).  This file is not instrumented. */
#include <errno.h>
#include <pthread.h>

#include "../../libdl/preload.h"

#define CALLER __builtin_return_address(0)
#define EXPORT __attribute__((visibility("default"), used))

/* The sanitizer forgets a thread in the last round of keys' destructors, and instrumented code may not run behind it. */
static int key_set(unsigned key, const void *value)
{
	enum { ROUNDS = 4 };
	static __thread int count;
	return ++count < ROUNDS ? pthread_setspecific(key, value) : ENOMEM;
}

void stress_start(void);
void stress_start(void)
{
	rl_host.functions.key_set = key_set;
}

void *dlopen(const char *name, int mode);
EXPORT void *dlopen(const char *name, int mode)
{
	return rl_preload_open(name, mode, CALLER);
}

int dlclose(void *handle);
EXPORT int dlclose(void *handle)
{
	struct rl_object *object = rl_host_object(&rl_host, handle);
	return object == NULL ? rl_host.functions.close(handle) : rl_preload_close(object);
}

void *stress_dlsym(void *handle, const char *name);
void *stress_dlsym(void *handle, const char *name)
{
	return rl_dl_symbol(handle, name, CALLER);
}

char *stress_dlerror(void);
char *stress_dlerror(void)
{
	return rl_dl_error();
}

int stress_dladdr(const void *address, struct rl_dl_address *out_info);
int stress_dladdr(const void *address, struct rl_dl_address *out_info)
{
	return rl_dl_address(address, out_info);
}

int stress_dl_iterate_phdr(rl_phdr_visitor *visit, void *argument);
int stress_dl_iterate_phdr(rl_phdr_visitor *visit, void *argument)
{
	return rl_host_iterate(&rl_host, visit, argument);
}

int _dl_find_object(void *address, void *out_result);
EXPORT int _dl_find_object(void *address, void *out_result)
{
	if (rl_host.is_started)
		return rl_host_find_object(&rl_host, (uintptr_t)address, out_result);
	return -1;
}
