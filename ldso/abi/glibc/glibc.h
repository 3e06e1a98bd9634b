/* The glibc personality: what libc.so.6 expects of its dynamic linker.  Only this folder knows glibc's private
 * structures; the offsets come from the layout row that fits the libc found (fingerprint.h). */
#ifndef RL_ABI_GLIBC_GLIBC_H
#define RL_ABI_GLIBC_GLIBC_H

#include "../../base/kernel.h"
#include "../../link/linker.h"
#include "../../link/visible.h"
#include "fingerprint.h"
#include "layout.h"

enum {
	RL_GLIBC_GLOBAL_SIZE = 8192,
	RL_GLIBC_GLOBAL_RO_SIZE = 4096,
	RL_GLIBC_MAP_SIZE = 1264, /* no layout's link_map is larger */
};

typedef int rl_register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *owner);

/* Functions of libc that we call, valid once it is relocated. */
struct rl_libc_functions {
	int (*mutex_lock)(void *mutex);
	int (*mutex_unlock)(void *mutex);
	int *(*errno_location)(void);
	rl_register_atfork *register_atfork;
	char *(*strerror)(int number);
	char *(*dcgettext)(const char *domain, const char *text, int category);
	void (*signal_error)(int code, const char *object, const char *occasion, const char *text);
	int (*catch_error)(const char **object, const char **text, bool *is_malloced, void (*fn)(void *), void *argument);
	void *(*malloc)(size_t size);
	void (*free)(void *block);
};

/* Memory for shadows.  Under the load lock. */
struct rl_glibc_shadows {
	struct shadow *free, *fresh; /* used before, by next_free; never used, side by side */
	size_t fresh_count;
};

struct rl_glibc {
	struct rl_linker *linker;
	const struct rl_kernel *kernel;
	unsigned char *global;    /* _rtld_global */
	unsigned char *global_ro; /* _rtld_global_ro; sealed after start-up */
	const struct rl_glibc_layout *layout; /* NULL until a libc.so.6 was found and known */
	struct rl_object *libc;
	struct rl_glibc_shadows shadows;
	uintptr_t first_thread; /* its thread pointer */
	bool has_robust_lists;
	struct rl_libc_functions functions; /* all NULL until rl_glibc_libc_ready */
	void (*fork_watch)(rl_register_atfork *watch); /* ask a libc to tell the linker of forks */
	uint32_t stack_flags;               /* what stacks may do: PF_* */
	const char *program_name;           /* argv[0], for messages */
};

/* The start of struct link_map, which is public. */
struct rl_link_map {
	uintptr_t l_addr;
	const char *l_name;
	const Elf64_Dyn *l_ld;
	struct rl_link_map *l_next, *l_prev;
};

/* Field access by offset; a field that the release lacks is left alone. */
static inline void *rl_glibc_field(unsigned char *structure, uint16_t offset)
{
	return offset == RL_ABSENT ? NULL : structure + offset;
}

static inline void rl_glibc_put_word(unsigned char *structure, uint16_t offset, uint64_t value)
{
	if (offset != RL_ABSENT)
		*(uint64_t *)(structure + offset) = value;
}

static inline void rl_glibc_put_pointer(unsigned char *structure, uint16_t offset, const void *value)
{
	rl_glibc_put_word(structure, offset, (uintptr_t)value);
}

static inline void rl_glibc_put_int(unsigned char *structure, uint16_t offset, uint32_t value)
{
	if (offset != RL_ABSENT)
		*(uint32_t *)(structure + offset) = value;
}

/* The personality's side of the engine's contract (link/abi.h).  Thread sizes are valid after rl_glibc_choose. */
struct rl_abi rl_glibc_abi(struct rl_glibc *glibc);

/* libc.so.6 is mapped as OBJECT: find its layout and complete the shadows of all objects.  RL_LIBC_UNKNOWN, with the
 * version as diag.symbol, if no layout fits. */
RL_NODISCARD enum rl_status rl_glibc_choose(struct rl_glibc *glibc, struct rl_object *object, struct rl_diag *diag);

/* shadow.c: the link_map of an object, and back.  A map that is not ours gives NULL only if it is NULL. */
struct rl_link_map *rl_shadow_map(const struct rl_object *object);
struct rl_object *rl_shadow_object(const void *map);
RL_NODISCARD enum rl_status rl_shadow_attach(struct rl_glibc *glibc, struct rl_object *object);
void rl_shadow_detach(struct rl_glibc *glibc, struct rl_object *object);
void rl_shadow_complete(struct rl_glibc *glibc, struct rl_object *object);
void rl_shadow_tls(struct rl_glibc *glibc, struct rl_object *object);
uint64_t rl_shadow_destructor_count(const struct rl_glibc *glibc, const struct rl_object *object);
/* Enter the object into / take it out of the list that the process sees. */
void rl_shadow_list(struct rl_glibc *glibc, struct rl_object *object);
void rl_shadow_unlist(struct rl_glibc *glibc, struct rl_object *object);
/* Let the list follow the namespace's order again (the linker's own object moved). */
void rl_shadow_relink(struct rl_glibc *glibc);

/* locks.c: libc's recursive mutexes in _rtld_global, no-ops until libc can be called. */
void rl_glibc_lock(struct rl_glibc *glibc, uint16_t mutex);
void rl_glibc_unlock(struct rl_glibc *glibc, uint16_t mutex);
/* In the child of a fork: free the list's lock, which another thread of the parent may have held in dl_iterate_phdr.
 * libc itself frees the load lock only. */
void rl_glibc_lock_reset(struct rl_glibc *glibc);

/* How far above its descriptor, struct pthread, a thread's pointer is. */
static inline size_t rl_glibc_descriptor_distance(const struct rl_glibc *glibc)
{
	return RL_TLS_BELOW_TP ? 0 : glibc->layout->pthread.size + RL_TLS_TCB_BELOW;
}

static inline unsigned char *rl_glibc_descriptor(const struct rl_glibc *glibc, uintptr_t thread_pointer)
{
	return (unsigned char *)thread_pointer - rl_glibc_descriptor_distance(glibc);
}

/* thread.c */
void rl_glibc_threads_each(struct rl_glibc *glibc, void (*visit)(void *, uintptr_t), void *argument);
/* The first thread is the only one, and calls: make libc give threads SIZE bytes from now on.  Else false. */
bool rl_glibc_threads_resize(struct rl_glibc *glibc, size_t size);
/* Make the main thread's descriptor at THREAD_POINTER and tell the kernel. */
void rl_glibc_thread_main(struct rl_glibc *glibc, uintptr_t thread_pointer, bool wants_rseq);

/* lookup_symbol.c: find NAME as references of OBJECT would; VERSION is glibc's struct r_found_version or NULL. */
struct rl_link_map *rl_glibc_lookup_symbol(struct rl_glibc *glibc, const char *name, struct rl_object *object,
					   const Elf64_Sym **symbol, const void *version, unsigned flags);

/* libc.c: libc is relocated: take its functions, then run its early initialisation. */
void rl_glibc_libc_ready(struct rl_glibc *glibc);
void rl_glibc_early_init(struct rl_glibc *glibc);
/* The libc of another namespace is ready to run. */
void rl_glibc_libc_start(struct rl_glibc *glibc, struct rl_object *libc);
/* Functions needed only now and then: look them up if that has not happened yet. */
void rl_glibc_errors_ready(struct rl_glibc *glibc);
void rl_glibc_words_ready(struct rl_glibc *glibc);
void rl_glibc_heap_ready(struct rl_glibc *glibc);

/* stack.c: change the protection of the main stack and of all threads' stacks to executable. */
long rl_glibc_stack_protect(struct rl_glibc *glibc, const unsigned char *pd); /* one thread's; 0 or -errno */
RL_NODISCARD enum rl_status rl_glibc_stacks_make_executable(struct rl_glibc *glibc);

/* rseq as exported: valid after rl_glibc_thread_main. */
struct rl_glibc_rseq {
	long offset;
	uint32_t size, flags;
};
extern struct rl_glibc_rseq rl_glibc_rseq;

/* The canary and the pointer guard, as some CPUs have them exported: valid at the same time. */
struct rl_glibc_guards {
	uintptr_t stack, pointer;
};
extern struct rl_glibc_guards rl_glibc_guards;

/* find_object.c */
int rl_glibc_find_object(struct rl_glibc *glibc, uintptr_t address, struct rl_found_object *out_result);

#endif
