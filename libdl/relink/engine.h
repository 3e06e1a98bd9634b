/* What the parts of librelink share: the one engine of the process, contexts and handles.
 *
 * There is one engine a process because __tls_get_addr and fork handlers carry no context; a context of the library is a
 * namespace of the engine, and the host's objects are the base namespace, from which contexts may borrow. */
#ifndef RL_LIBDL_RELINK_ENGINE_H
#define RL_LIBDL_RELINK_ENGINE_H

#include "../../include/relink.h"
#include "../../ldso/abi/host/host.h"
#include "../../ldso/base/text.h"
#include "../../ldso/link/linker.h"
#include "../../ldso/link/lookup.h"
#include "../../ldso/link/memory.h"
#include "../../ldso/policy/search.h"

/* Where a context looks for names, in order. */
enum rl_place_kind {
	RL_PLACE_DIRECTORIES,
	RL_PLACE_RUNPATH,
	RL_PLACE_SYSTEM,
};

struct rl_place {
	enum rl_place_kind kind;
	char *directories; /* colon list; owned */
	struct rl_place *next;
};

/* Memory that callbacks provide. */
struct rl_provided_memory {
	struct rl_memory memory; /* first: the engine passes it around */
	relink_memory_hooks callbacks;
	void *user;
};

struct rl_resolver {
	relink_resolver *function;
	void *user;
	struct rl_resolver *next;
};

/* What a context tells about itself (log.h); all under the lock, but that bound calls read categories and function. */
struct rl_log {
	unsigned categories;           /* RELINK_LOG_…; 0: nothing is told */
	bool maps_for_perf;
	int fd;                        /* where it is written without a function */
	relink_log_function *function;
	void *user;
	const struct rl_object *relocated; /* what is being relocated; NULL: nothing yet */
	uint32_t last_index;           /* of its symbols, the last that was told, */
	unsigned last_class;           /* and how it was looked up */
	unsigned char *seen;           /* of a relocatable file: a bit for each symbol that was told */
};

struct relink_context {
	struct rl_namespace space; /* first: the engine passes it around */
	unsigned flags;
	size_t uses; /* handles, and 1 for the caller of relink_context_new; under the lock */
	bool is_given_back;
	struct rl_place *places;
	struct rl_resolver *resolvers;
	relink_hooks hooks;
	void *hooks_user;
	struct rl_log log;
	struct rl_object *stubs; /* what the hook "missing" defined; made on first use */
	relink_thread_resolver *thread_resolver;
	void *thread_user;
	struct relink_closure *closure; /* that is being loaded: it knows its files; under the lock */
	struct rl_provided_memory memory; /* in use if space.memory points at it */
};

/* A handle; the object's shadow points back at it while it lives. */
struct relink_module {
	uint64_t magic; /* not RL_MODULE_MAGIC: given back */
	struct rl_object *object;
	relink_context *context; /* NULL: the host's object */
	atomic_size_t references;
	void *user;
};

#define RL_MODULE_MAGIC UINT64_C(0x5ad5c0de9e11a37b)

/* engine.c: the process's engine, started by the first context. */
extern struct rl_engine {
	struct rl_linker linker;
	struct rl_search *search;
	unsigned wanted_kinds;    /* RELINK_ONLY_… of the load that is going on */
	char **envp;              /* the environment that the process began with, */
	bool is_secure;           /* and whether it must not be believed */
} rl_engine;

RL_NODISCARD relink_status rl_engine_start(void);
static inline void rl_engine_lock(void)
{
	rl_host_lock(&rl_host);
}
static inline void rl_engine_unlock(void)
{
	rl_host_unlock(&rl_host);
}

/* The context that OBJECT was loaded in; NULL for the host's. */
static inline relink_context *rl_context_of(const struct rl_object *object)
{
	return object->namespace == &rl_engine.linker.base || object->is_hosted ? NULL
										: (relink_context *)object->namespace;
}

/* context.c: the engine's policy. */
struct rl_policy rl_context_policy(void);
enum rl_status rl_context_claim(void *unused, const char *name, struct rl_object *requester,
				struct rl_namespace *space, struct rl_object **out_object, struct rl_diag *diag);
/* The lock is held: one use less; frees the context with its last. */
void rl_context_release(relink_context *context);

/* input.c: an input as the engine reads files.  *out_file is to be closed with rl_input_close. */
struct rl_input_source {
	struct rl_source source;
	const relink_input *input;
};
RL_NODISCARD enum rl_status rl_input_open(const relink_input *input, struct rl_input_source *source,
					  struct rl_file *out_file, struct rl_diag *diag);
void rl_input_close(struct rl_file *file);
/* All its bytes, as a heap block. */
RL_NODISCARD enum rl_status rl_input_read(const relink_input *input, char **out_bytes, size_t *out_size,
					  struct rl_diag *diag);
/* Whether it starts like an archive of relocatable files. */
bool rl_input_is_archive(const relink_input *input);

/* load.c: load FILE, which INPUT became; its path goes to the module. */
relink_status rl_load_file(relink_context *context, const relink_input *input, struct rl_file *file,
			   const relink_options *options, relink_module **out_module, relink_error *error);

/* The host may not unload OBJECT, if that is one of the host's.  The lock is held. */
void rl_hosted_keep(struct rl_object *object);

/* hooks.c: the engine's questions and news, passed on. */
void rl_hooks_attach(struct rl_linker *linker);
enum rl_status rl_hooks_before_relocation(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
					  bool *out_is_done, struct rl_diag *diag);
enum rl_status rl_hooks_accept(struct rl_object *first, struct rl_diag *diag);
void rl_stubs_drop(relink_context *context);

/* synthetic.c: ask OBJECT, a provider, for a name that its table lacks; NULL: it has none.  Needs no lock. */
const Elf64_Sym *rl_provider_ask(struct rl_object *object, const char *name, const struct rl_version *version);

/* frames.c: tell unwinders of an object, and that it goes. */
void rl_frames_register(struct rl_object *object);
void rl_frames_remove(struct rl_object *object);

/* family.c: make the functions that modules find, the dlfcn family among them. */
RL_NODISCARD enum rl_status rl_family_start(void);

/* module.c: the handle of OBJECT with one more reference; NULL without memory.  The lock is held. */
relink_module *rl_module_take(struct rl_object *object);
void rl_info_fill(const struct rl_object *object, relink_info *out_info);
static inline bool rl_module_is_good(const relink_module *module)
{
	return module != NULL && module->magic == RL_MODULE_MAGIC;
}

/* The address that a program can use of SYMBOL, which OBJECT defines; NULL: a thread-local variable without memory. */
static inline void *rl_symbol_address(const struct rl_object *object, const Elf64_Sym *symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	uintptr_t address = symbol->st_value + (symbol->st_shndx == SHN_ABS ? 0 : object->image.bias);
	if (__builtin_expect(type != STT_TLS && type != STT_GNU_IFUNC, 1))
		return (void *)address;
	if (type == STT_GNU_IFUNC)
		return (void *)rl_port_ifunc_call(address);
	struct rl_tls_index index = {object->tls.module, symbol->st_value - RL_TLS_DTV_BIAS};
	return object->tls.module == 0 ? NULL : rl_thread_variable(&rl_engine.linker.tls, &index);
}

/* weak.c: OBJECT goes: weak handles no longer lead to it.  The lock is held. */
void rl_weaks_forget(const struct rl_object *object);

/* load.c: the modules of COUNT handles that may serve CONTEXT, or RL_REQUEST_HANDLE. */
RL_NODISCARD enum rl_status rl_scope_read(const relink_context *context, relink_module *const *modules, size_t count,
					  struct rl_object_list *out_list);

/* symbol.c: relink_each_symbol of OBJECT. */
int rl_symbols_each(const struct rl_object *object, relink_symbol_visitor *visit, void *user);

/* error.c: *error from DIAG, which is emptied; returns its status. */
relink_status rl_error_take(struct rl_diag *diag, relink_error *error);
relink_status rl_error_plain(relink_error *error, relink_status status, const char *file);

#endif
