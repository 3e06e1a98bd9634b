/* The linker: all mutable state of the engine, passed to every function that needs it. */
#ifndef RL_LINK_LINKER_H
#define RL_LINK_LINKER_H

#include "abi.h"
#include "address.h"
#include "events.h"
#include "gate.h"
#include "object.h"
#include "policy.h"
#include "readers.h"
#include "tls.h"

enum { RL_NAME_BUCKETS = 256 };

/* A set of objects that see each other's symbols.  There is always the base; others come with an opened library, are
 * empty when their last object is gone, and are used again then. */
struct rl_namespace {
	struct rl_linker *linker;
	long id; /* 0: the base */
	struct rl_namespace *next; /* all of the linker, by id; never taken out */
	struct rl_object *first, *last;
	size_t count;
	struct rl_object_list global_list; /* members of the global scope, in order */
	struct rl_scope_cell global;       /* its published form */
	const struct rl_scope_cell *front;   /* what our objects find before everything else; NULL: nothing */
	const struct rl_scope_cell *stand_in; /* the same, but what a load is given comes before it */
	const struct rl_scope_cell *whole_front; /* both in one, for where nothing comes between; NULL: no stand_in */
	const struct rl_scope_cell *back;    /* what they find behind everything else; NULL: nothing */
	struct rl_namespace *lender; /* objects of it are dependencies of ours; NULL: none */
	const struct rl_memory *memory; /* for objects that are loaded from now on; NULL: the kernel's */
	struct rl_object_name *names[RL_NAME_BUCKETS];
	uintptr_t collector;  /* the thread that is unloading, 0: none; under the gate */
	bool collect_again;   /* asked for by a destructor that it runs */
	unsigned long opens;  /* handles given out so far: whether a destructor opened something */
	_Atomic(struct rl_unique_table *) uniques; /* STB_GNU_UNIQUE definitions chosen so far */
};

/* Where the loaders of libcs differ and nothing but a yes or no is needed.  All false: as glibc's. */
struct rl_rules {
	bool ignores_versions;  /* names alone decide; of a version only its hidden bit counts */
	bool ignores_sonames;   /* an object answers only to the name that a search found it by */
	bool ignores_filters;   /* DT_FILTER, DT_AUXILIARY */
	bool ignores_uniques : 1; /* STB_GNU_UNIQUE and STV_PROTECTED are nothing special */
	bool borrows : 1;         /* namespaces have a lender, the base; one test with the line above */
	bool caller_is_loader;  /* what dlopen brought in has its caller's search path, as what another library needs has */
	bool opens_executables; /* dlopen takes any object */
	bool binds_calls_first; /* DT_JMPREL before DT_RELA: which of several missing symbols is told first */
	bool opens_static;      /* a file without a dynamic section is an object too */
	bool constructs_later;  /* who calls rl_open runs the constructors, without the lock */
	bool default_is_global; /* RTLD_DEFAULT is the global scope, also for libraries that others do not see */
	bool sorts_by_moves;    /* the order of constructors and destructors is sort_moves.c's: glibc, if a tunable asks */
};

struct rl_binding;
struct rl_unique_choice;

struct rl_linker {
	struct rl_rules rules;
	struct rl_policy policy;
	struct rl_abi abi;
	struct rl_namespace base;
	struct rl_object *program, *self, *vdso;

	struct rl_tls_state tls;
	struct rl_address_table addresses;
	struct rl_readers readers;
	struct rl_gate gate;
	/* The thread whose open is not committed, 0: none; and the unique symbols that it chose so far. */
	atomic_uintptr_t opener;
	struct rl_unique_choice *tentative;
	struct rl_object *limbo; /* unloaded, but a reader may hold them: freed when no reader is left; by work_next */
	struct rl_listener *listeners;

	size_t page_size;
	uintptr_t map_below;  /* where the last object was mapped: the next goes below; 0: none was.  Under the load lock */
	bool binds_now;       /* for everything, whatever files say */
	bool prefers_strong;  /* LD_DYNAMIC_WEAK: go on past weak definitions */
	bool keeps_unbound;   /* LD_BIND_NOT: lazy bindings are not written back */
	bool warns;           /* LD_WARN, LD_VERBOSE: report what is merely suspicious */
	bool runs_nothing;    /* what is missing is only reported: no resolver is called */
	bool is_changing;     /* CHANGE_START was emitted, CHANGE_END not yet */
	struct rl_namespace *changing; /* where; NULL: in the base */
	bool is_running;      /* start-up is over: objects loaded from now on can go away again */
	unsigned long serial; /* of the next object */
	int argc;             /* what constructors get */
	char **argv, **envp;

	const struct rl_object_files *object_files; /* section.h; NULL: relocatable files are not loaded */
	/* A lazily bound call found no definition: report as the personality words it and end the process. */
	void (*die)(struct rl_linker *linker, const struct rl_diag *diag) __attribute__((noreturn));
	/* Calls the constructors or destructors of OBJECT in its own way; false: not this object's.  NULL: ours. */
	bool (*call_functions)(struct rl_linker *linker, struct rl_object *object, bool is_init);
	/* Put root->sorted in another order than rl_graph_sort does (graph.h); NULL: no. */
	enum rl_status (*sort)(struct rl_object *root);
	/* Something that OBJECT needs is missing, as DIAG says: the definition for RELA, or the library NAME.  RL_OK: go on,
	 * with *out_binding if it has an object, else without.  NULL: what is missing is a failure. */
	enum rl_status (*excuse_symbol)(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
					struct rl_binding *out_binding, struct rl_diag *diag);
	/* The same for a lazily bound call, outside the lock.  NULL: it is fatal. */
	enum rl_status (*excuse_call)(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
				      struct rl_binding *out_binding, struct rl_diag *diag);
	/* A call was bound when it was first made; outside the lock, with vector registers in use.  NULL: nobody listens. */
	void (*call_bound)(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
			   const struct rl_binding *binding);
	/* Asked before each relocation of OBJECT but the leading RELATIVE ones and DT_RELR; *out_is_done: the place has
	 * its value.  NULL: nobody asks. */
	enum rl_status (*before_relocation)(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
					    bool *out_is_done, struct rl_diag *diag);
	/* The definition of NAME that OBJECT, a provider, makes on demand; NULL: none.  With or without the lock. */
	const Elf64_Sym *(*provide)(struct rl_object *object, const char *name, const struct rl_version *version);
	enum rl_status (*excuse_library)(struct rl_linker *linker, struct rl_object *object, const char *name,
					 struct rl_diag *diag);
	/* Something suspicious but legal, as the original reports it on stderr. */
	void (*warn)(struct rl_linker *linker, const struct rl_diag *diag);
};

static inline void rl_emit(const struct rl_linker *linker, struct rl_event event)
{
	for (struct rl_listener *listener = linker->listeners; listener != NULL; listener = listener->next)
		listener->hear(listener->context, &event);
}

/* The object list of NAMESPACE is about to change / is consistent again: tells listeners once per change. */
static inline void rl_change_begin(struct rl_linker *linker, struct rl_namespace *namespace, bool is_addition)
{
	if (linker->is_changing)
		return;
	linker->is_changing = true;
	linker->changing = namespace;
	rl_emit(linker, (struct rl_event){
				.kind = RL_EVENT_CHANGE_START, .is_addition = is_addition, .namespace = namespace});
}

/* FIRST: the first object that was added, all behind it are new; NULL: none was, or loading failed. */
static inline void rl_change_end(struct rl_linker *linker, struct rl_object *first)
{
	if (!linker->is_changing)
		return;
	struct rl_namespace *namespace = linker->changing != NULL ? linker->changing : &linker->base;
	linker->is_changing = false;
	rl_emit(linker, (struct rl_event){.kind = RL_EVENT_CHANGE_END, .namespace = namespace, .object = first});
}

#endif
