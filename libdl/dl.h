/* The dlfcn family.  Semantics: dlopen(3), dlsym(3), dlinfo(3), dladdr(3) of the original.  CALLER is an address in the
 * code that called, for RUNPATH, RTLD_NEXT and RTLD_DEFAULT. */
#ifndef RL_LIBDL_DL_H
#define RL_LIBDL_DL_H

#include <stdint.h>

#include "process.h"

/* <dlfcn.h> values, which are ABI. */
enum {
	RL_DL_LAZY = 1,
	RL_DL_NOW = 2,
	RL_DL_NOLOAD = 4,
	RL_DL_DEEPBIND = 8,
	RL_DL_GLOBAL = 0x100,
	RL_DL_NODELETE = 0x1000,
};
/* What dladdr1 is asked for besides. */
enum { RL_DL_SYMBOL_ENTRY = 1, RL_DL_LINK_MAP = 2 };

/* diag.value of RL_SYMBOL_UNDEFINED: dlsym asked for it, no reference did. */
enum { RL_DL_ASKED = 1 };

/* Namespaces, beside the base, which is 0: a new one, and where the caller is (glibc's own use only). */
enum { RL_DL_NEW = -1, RL_DL_CALLERS = -2 };

#define RL_DL_DEFAULT ((void *)0)
#define RL_DL_NEXT ((void *)-1)

/* struct Dl_info. */
struct rl_dl_address {
	const char *file;
	void *base;
	const char *symbol;
	void *address;
};

/* dlopen in parts: the object rather than a handle, and the failure rather than dlerror's text. */
RL_NODISCARD enum rl_status rl_dl_open_object(const char *name, int mode, const void *caller,
					      struct rl_object **out_object, struct rl_diag *diag);
/* fdlopen: FD -1 is the program.  descriptor.c: the file behind it, which is opened by rl_open_request.file. */
void *rl_dl_open_descriptor(int fd, int mode, const void *caller);
RL_NODISCARD enum rl_status rl_dl_descriptor_read(int fd, struct rl_file *out_file, struct rl_diag *diag);
RL_NODISCARD enum rl_status rl_dl_open_object_in(long namespace_id, const char *name, int mode, const void *caller,
						 struct rl_object **out_object, struct rl_diag *diag);

void *rl_dl_open(const char *name, int mode, const void *caller);
void *rl_dl_open_in(long namespace_id, const char *name, int mode, const void *caller);
int rl_dl_close(void *handle);
void *rl_dl_symbol(void *handle, const char *name, const void *caller);
/* The same for who knows the object of HANDLE; NULL: HANDLE has none. */
void *rl_dl_symbol_of(struct rl_object *asked, void *handle, const char *name, const void *caller);
void *rl_dl_symbol_version(void *handle, const char *name, const char *version, const void *caller);
char *rl_dl_error(void);
int rl_dl_address(const void *address, struct rl_dl_address *out_info);
int rl_dl_address_more(const void *address, struct rl_dl_address *out_info, void **out_extra, int flags);
int rl_dl_info(void *handle, int request, void *out);
/* musl knows one request: MAP is what the handle shows. */
int rl_dl_info_musl(void *map, int request, void *out);

/* The same without touching the thread's dlerror state, for calls libc makes for itself: NULL or -1 on failure. */
void *rl_dl_open_quietly(const char *name, int mode, const void *caller);
void *rl_dl_symbol_quietly(void *handle, const char *name, const char *version);
int rl_dl_close_quietly(void *handle);

/* error.c: what the next dlerror of this thread returns.  Each namespace has its own: that of the one with this id
 * counts from now on. */
void rl_dl_error_select(long namespace_id);
void rl_dl_error_clear(void);
void rl_dl_error_set(struct rl_diag *diag); /* drops the diag */
/* dlsym was asked for NAME in the object at PATH (with VERSION, unless NULL) in vain. */
void rl_dl_error_symbol(const char *path, const struct rl_name *name, const struct rl_version *version);
void rl_dl_error_put(char *text, int error_number); /* takes the heap string; 0: no system error */
/* Free the error state of a thread whose own words lie at OWN. */
void rl_dl_error_drop(struct rl_thread *own);

/* The object that holds ADDRESS, or NULL. */
struct rl_object *rl_dl_object_at(const void *address);

/* What dladdr tells of an address in OBJECT, where SYMBOL is, or none (NULL). */
static inline void rl_dl_address_fill(const struct rl_object *object, const Elf64_Sym *symbol,
				      struct rl_dl_address *out_info)
{
	out_info->file = object->path;
	out_info->base = (void *)object->map_start;
	out_info->symbol = symbol == NULL ? NULL : object->symbols.strings + symbol->st_name;
	out_info->address = symbol == NULL ? NULL : (void *)(object->image.bias + symbol->st_value);
}

#endif
