/* The host personality: a process that another dynamic linker (glibc's, musl's) started and goes on serving.
 *
 * Its objects are adopted read-only; what we load ourselves is visible to the process through the functions that
 * libdl-relink.so interposes.  Nothing private of the host is read: only <link.h>, <dlfcn.h> and functions that its
 * libraries export.
 */
#ifndef RL_ABI_HOST_HOST_H
#define RL_ABI_HOST_HOST_H

#include "../../base/kernel.h"
#include "../../link/guest.h"
#include "../../link/linker.h"
#include "../../link/visible.h"

/* The start of struct link_map, which is public. */
struct rl_host_map {
	uintptr_t l_addr;
	const char *l_name;
	Elf64_Dyn *l_ld;
	struct rl_host_map *l_next, *l_prev;
};

/* object->shadow. */
struct rl_host_shadow {
	struct rl_host_map map;   /* first: what programs hold of an object of ours */
	struct rl_object *object;
	uint64_t magic;           /* tells our maps from the host's, which are much longer than this */
	struct rl_host_map *hosted; /* the host's own map; NULL: the object is ours */
	Elf64_Dyn *dynamic;       /* hosted: the dynamic section as in the file */
	bool is_late;             /* hosted, but not from the start: the host may unload it */
	void *kept;               /* a handle of the host: it may not unload what we use; NULL: we do not use it */
	bool was_seen;            /* in the walk of the host's list that is going on */
	void *attachment;         /* what the product keeps with the object; owned by it */
	struct rl_found_object found; /* hosted, and there to stay: what the host's _dl_find_object says; else empty */
	const void *frames;       /* .eh_frame that an unwinder was told of; the product keeps it */
	atomic_size_t destructors; /* of thread_local variables, still to run */
	struct rl_host_symbol_file *symbol_file; /* what gdb is told; NULL: it was not */
	struct rl_host_shadow *next_released;
	struct rl_object *next_constructed; /* before this one; only where constructors go by musl's rules */
	bool is_constructed;
	size_t static_size, static_offset; /* of a released object's block in static TLS; size 0: none */
};

/* Functions of the host, looked up by name.  All but the first four may be NULL. */
struct rl_host_functions {
	void *(*open)(const char *name, int mode);
	void *(*symbol)(void *handle, const char *name);
	int (*close)(void *handle);
	char *(*error)(void);
	void *(*symbol_version)(void *handle, const char *name, const char *version);
	void *(*open_in)(long namespace_id, const char *name, int mode);
	int (*info)(void *handle, int request, void *out);
	int (*address)(const void *address, void *out_info);
	int (*address_more)(const void *address, void *out_info, void **out_extra, int flags);
	int (*iterate)(rl_phdr_visitor *visit, void *argument);
	int (*find_object)(void *address, struct rl_found_object *out_result);
	void *(*tls_get_addr)(const struct rl_tls_index *index);
	void (*static_info)(size_t *size, size_t *align);
	int (*key_create)(unsigned *key, void (*destructor)(void *));
	int (*key_set)(unsigned key, const void *value);
	int (*at_fork)(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso);
	int (*at_exit)(void (*function)(void));
	int (*thread_at_exit)(void (*destructor)(void *), void *argument, void *dso);
	char *(*strerror)(int number);
	int *(*errno_location)(void);
	char *(*dcgettext)(const char *domain, const char *text, int category);
	unsigned long (*auxiliary)(unsigned long type);
};

/* Recursive. */
struct rl_host_lock {
	atomic_uintptr_t owner; /* a thread pointer */
	atomic_int word;        /* 0 free, 1 taken, 2 taken and waited for */
	unsigned again;         /* how often its owner has taken it since */
};

/* What dl_iterate_phdr shows of an object in any thread. */
struct rl_host_shown {
	uintptr_t addr;
	const char *name;
	const Elf64_Phdr *phdr;
	size_t tls_module;
	uint16_t phnum;
};

/* Our objects in order, as dl_iterate_phdr shows them; read in a read section. */
struct rl_host_list {
	size_t capacity;
	atomic_size_t count;
	struct rl_host_listed {
		_Atomic(struct rl_object *) object; /* NULL: has gone */
		struct rl_host_shown shown;
	} items[];
};

/* The host's objects as a walk of its list showed them when its counters were these; read in a read section. */
struct rl_host_walked {
	unsigned long long adds, subs;
	const struct rl_host_map *last; /* of the host's list; NULL: the host may unload something of it */
	atomic_bool is_past;            /* a walk has shown newer counters */
	size_t count;
	struct rl_host_walked_item {
		struct rl_host_shown shown;
		size_t static_offset; /* of the TLS block, the same in every thread */
	} items[];
};

/* The host's maps, by address: open addressing.  Replaced when the host's list changes. */
struct rl_host_map_table {
	size_t capacity;
	_Atomic(struct rl_object *) objects[];
};

/* Who is inside a function of the host that holds its list's lock, which it does not free in the child of a fork. */
struct rl_host_walks {
	struct rl_readers readers; /* a walk is a read section, too: of our lists, and of what a walk remembered */
	atomic_uintptr_t visited; /* the thread in whose name a visitor runs, 0: none */
	atomic_bool is_forking;   /* a fork waits for them to come out: do not enter */
	atomic_bool has_lost;     /* somebody never came out (a visitor that threw): no longer worth the wait */
};

/* A visitor that runs where one runs at a time; within another's, maybe. */
struct rl_host_turn {
	struct rl_host_turn *outer;
	bool is_reader; /* of our lists, on SIDE; the end of the turn leaves */
	unsigned side;
};

/* Whose visitor runs there. */
struct rl_host_turns {
	bool are_kept; /* the whole process walks through us */
	struct rl_host_lock lock;
	struct rl_host_turn *innermost; /* of the lock's owner */
};

/* A function of ours that stands before those of libraries. */
struct rl_host_function {
	const char *name;
	const void *address; /* NULL: this host has none either */
};

/* Such functions: an object that defines them, and the scope of it alone. */
struct rl_host_front {
	struct rl_object object;
	struct rl_scope_cell cell;
};

struct rl_host {
	struct rl_linker *linker;
	struct rl_host_map *maps; /* the host's list */
	struct rl_host_functions functions;
	struct rl_guest guest;
	struct rl_host_lock mutex;
	struct rl_host_map *libc_map;
	bool is_glibc, is_started;
	const char *is_single_threaded; /* libc's word whether the process has one thread; NULL: it does not say */
	unsigned key; /* its destructor tells us of the end of threads */
	unsigned long long seen_adds, seen_subs; /* the host's counters when its list was read */
	bool opens_all;                          /* nothing more is loaded by us */
	struct rl_object *constructed;           /* by us, last first: as above */
	bool must_look;                          /* read it, whatever the counters say */
	struct rl_host_shadow *released;         /* no longer used: their handles are to be closed */
	size_t static_lost;                      /* bytes of static TLS that closing cost the host so far */
	struct rl_host_walks walks;
	struct rl_host_turns turns;
	_Atomic(struct rl_host_list *) list;
	_Atomic(struct rl_host_walked *) walked; /* NULL: it has to be walked again */
	atomic_ullong adds, subs;                /* ours */
	_Atomic(struct rl_host_map_table *) map_table;
	struct rl_host_front front; /* what our objects find before all others */
	struct rl_host_front stand_in, whole_front; /* behind what a load is given; both in one */
	void *own_dso; /* an address in our own library */
	struct rl_host_map *adopting; /* what object_attach is called for */
	const struct rl_phdr_info *adopting_info;
};

/* host.c: the engine's contract. */
struct rl_abi rl_host_abi(struct rl_host *host);

/* process.c: the kernel's block (argc, the arguments, NULL, the environment), and the host's list; NULL: not known. */
uintptr_t *rl_host_stack(void);
struct rl_host_map *rl_host_maps(void);
const char *rl_host_single_threaded(void); /* libc's variable that says whether there is one thread; NULL: it has none */

/* find.c: find the host's functions, FIRST being its list; false if this is no process that we can join. */
bool rl_host_find(struct rl_host *host, struct rl_host_map *first);

/* adopt.c: adopt the host's objects, then keep up with what the host itself loads and unloads.  Under the lock. */
RL_NODISCARD enum rl_status rl_host_adopt_all(struct rl_host *host, struct rl_diag *diag);
RL_NODISCARD enum rl_status rl_host_refresh(struct rl_host *host, struct rl_diag *diag);
/* OBJECT is used from now on: the host must not unload it.  HANDLE: an answer of its dlopen that does that, which is
 * taken; NULL: ask for one.  False: it has gone. */
bool rl_host_keep(struct rl_host *host, struct rl_object *object, void *handle);
/* Close the handles of what is no longer used.  The host's destructors run here. */
void rl_host_release(struct rl_host *host);
/* Whether SIZE bytes more would be too much of static TLS that the host lost by closing. */
bool rl_host_loses_static(const struct rl_host *host, size_t size);
/* The dynamic section at ENTRIES with all addresses as the file has them; heap memory, or NULL. */
Elf64_Dyn *rl_host_dynamic_copy(const struct rl_image *image, const Elf64_Dyn *entries, size_t *out_count);

/* shadow.c: handles. */
RL_NODISCARD enum rl_status rl_host_shadow_make(struct rl_host *host, struct rl_object *object);
void *rl_host_handle(const struct rl_object *object);
struct rl_object *rl_host_object(struct rl_host *host, const void *handle); /* NULL: a handle of the host alone */
RL_NODISCARD enum rl_status rl_host_maps_publish(struct rl_host *host);
void rl_host_map_forget(struct rl_host *host, const struct rl_object *object);
/* BLOCK is the calling thread's of OBJECT: if it lies in static TLS, it is at the same distance in every thread. */
void rl_host_static_note(struct rl_host *host, struct rl_object *object, const void *block);
static inline struct rl_host_shadow *rl_host_shadow(const struct rl_object *object)
{
	return object->shadow;
}

/* list.c: what the process's unwinders and tools see of our objects. */
RL_NODISCARD enum rl_status rl_host_list_add(struct rl_host *host, struct rl_object *object);
void rl_host_list_remove(struct rl_host *host, struct rl_object *object);
int rl_host_find_object(struct rl_host *host, uintptr_t address, struct rl_found_object *out_result);

/* iterate.c: dl_iterate_phdr; and remembering, under the lock, what the host's is to show. */
int rl_host_iterate(struct rl_host *host, rl_phdr_visitor *visit, void *argument);
void rl_host_walked_renew(struct rl_host *host);

/* walk.c: the host's dl_iterate_phdr, never cut in two by a fork. */
int rl_host_walk(struct rl_host *host, rl_phdr_visitor *visit, void *argument);
void rl_host_walks_stop(struct rl_host *host);    /* before a fork */
void rl_host_walks_go_on(struct rl_host *host);   /* behind it, in the parent */
void rl_host_walks_forget(struct rl_host *host);  /* in the child */

/* turn.c: VISIT of ARGUMENT, while no other thread is in its turn.  A turn may begin within another. */
int rl_host_turn_take(struct rl_host *host, int (*visit)(struct rl_host_turn *turn, void *argument), void *argument);
void rl_host_turns_forget(struct rl_host *host); /* in the child of a fork */

/* lock.c.  IS_ALONE: the process has one thread at this moment, which need not be so for both calls. */
void rl_host_lock_take(struct rl_host_lock *lock, bool is_alone);
void rl_host_lock_leave(struct rl_host_lock *lock, bool is_alone);
void rl_host_lock_forked(struct rl_host_lock *lock); /* in the child: taken from threads that are no more */
static inline void rl_host_lock(struct rl_host *host)
{
	rl_host_lock_take(&host->mutex, false);
}
static inline void rl_host_unlock(struct rl_host *host)
{
	rl_host_lock_leave(&host->mutex, false);
}
/* Whether there is no other thread, who could fork, write or walk. */
static inline bool rl_host_is_alone(const struct rl_host *host)
{
	return host->is_single_threaded != NULL && __atomic_load_n(host->is_single_threaded, __ATOMIC_RELAXED) != 0;
}

/* thread.c: TLS of our objects. */
RL_NODISCARD enum rl_status rl_host_threads_start(struct rl_host *host);
/* Empties the own words of a thread that ends; set by the product. */
extern void (*rl_host_words_drop)(struct rl_thread *own);

/* reserve.c: static TLS from the host, under the lock.  False: it has none left, or it cannot be used safely. */
bool rl_host_reserve_take(struct rl_object *object);
void rl_host_reserve_fill(const struct rl_object *object);
void rl_host_reserve_give(struct rl_object *object);
bool rl_host_has_other_threads(void); /* than the calling one; true if that cannot be known */
/* Whether this object of the host's only holds a place in static TLS: not for others to see. */
bool rl_host_is_reservation(const struct rl_phdr_info *info);

/* debug.c: tells gdb of our objects; of EVENT's even if no debugger is there, if that IS_WANTED. */
void rl_host_debug_hear(struct rl_host *host, const struct rl_event *event, bool is_wanted);
struct rl_listener rl_host_debug_listener(struct rl_host *host);

/* front.c: __tls_get_addr and the registration of thread_local destructors, as our objects find them.  MORE: what else they
 * find, behind what a load is given; at most ten functions. */
RL_NODISCARD enum rl_status rl_host_front_start(struct rl_host *host, const struct rl_host_function *more, size_t count);

/* races.c: see whether a race detector wants to know of blocks that change hands. */
void rl_host_races_find(struct rl_host *host);

/* The one of this process: functions that the process calls back carry no context. */
extern struct rl_host rl_host;

#endif
