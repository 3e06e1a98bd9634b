/* The musl personality.  musl's libc.so is its own dynamic linker; we load it unmodified, like any library, let it set
 * itself up as a hosted libc (hosted.h), and do everything else ourselves.  Nothing here knows a private structure of
 * libc's: only the contract between kernel and dynamic linker, and libc's public functions. */
#ifndef RL_ABI_MUSL_H
#define RL_ABI_MUSL_H

#include "../../base/kernel.h"
#include "../../link/linker.h"
#include "../../link/lookup.h"

/* What the process sees of an object.  It begins like struct link_map of <link.h>; musl's own records do, too. */
struct rl_musl_map {
	uintptr_t l_addr;
	const char *l_name;
	const Elf64_Dyn *l_ld;
	struct rl_musl_map *l_next, *l_prev;

	struct rl_object *object;
	uintptr_t visitor;             /* thread that is running the constructors, 0: none, 1: lost by a fork */
	bool is_constructed;
	struct rl_musl_map *next_fini; /* stack of objects with destructors: last constructed first */
};

/* A mutex that needs no libc: 0 free, 1 taken, 2 taken and waited for.  Recursive. */
struct rl_musl_lock {
	uint32_t word, depth;
	uintptr_t owner;
};

/* A thread that has a vector for dynamic TLS, or had one: threads end without telling us. */
struct rl_musl_thread {
	struct rl_musl_thread *next; /* never removed, only taken over */
	_Atomic(int) tid;
	int pid;
	struct rl_dtv *dtv;
	void *error; /* the thread's dlerror state */
};

/* A reference of a library that was opened lazily and that nothing defines yet. */
struct rl_musl_missing {
	struct rl_musl_missing *next;
	struct rl_object *object;
	const Elf64_Rela *rela;
};

/* What the program is told of us by libc's setup: see hosted.c. */
struct rl_musl_hosted;

struct rl_musl {
	struct rl_linker *linker;
	struct rl_object *libc;
	bool is_loading_libc;
	const char *loader_name; /* what the program calls its loader: one more name of libc */
	void (*claimed)(const char *name, unsigned part); /* NAME was taken for libc, as that part of it; NULL: nobody asks */
	bool has_failed;         /* something is missing: everything missing is reported before the process ends */

	struct rl_musl_map *first, *last;
	unsigned long long opened_count;

	struct rl_musl_lock load_lock, calls_lock;
	uint32_t calls_event;    /* changes when a constructor is done */
	uint32_t calls_waiters;  /* threads that wait for that */
	struct rl_musl_map *fini;
	bool is_closing; /* exit has begun: no constructor starts */

	bool opens_lazily;
	struct rl_musl_missing *missing;

	_Atomic(struct rl_musl_thread *) threads, threads_cursor;
	void (*error_drop)(void *error);

	struct rl_musl_hosted *hosted;
	struct {
		int (*atfork)(void (*prepare)(void), void (*parent)(void), void (*child)(void));
		char *(*strerror)(int number);
		int (*set_cancel_state)(int state, int *out_before);
	} functions;
};

/* musl.c: the engine's contract. */
struct rl_abi rl_musl_abi(struct rl_musl *musl);
struct rl_musl_map *rl_musl_map(const struct rl_object *object);
/* The object of a handle; NULL if the handle is none. */
struct rl_object *rl_musl_object(const struct rl_musl *musl, const void *handle);
/* Enter OBJECT, which object_list left out, at the end of the list that the process sees. */
void rl_musl_list(struct rl_musl *musl, struct rl_object *object);

/* libc.c */
/* What the version of libc is, for people to read. */
const char *rl_musl_version(struct rl_musl *musl);
RL_NODISCARD enum rl_status rl_musl_name_claim(void *context, const char *name, struct rl_object **out_object,
					       struct rl_diag *diag);
struct rl_object *rl_musl_substitute(void *context, struct rl_object *object);
/* A public function of libc. */
void *rl_musl_function(const struct rl_musl *musl, const char *name);

/* rules.c: how the rules differ from glibc's. */
struct rl_rules rl_musl_rules(void);
/* Which part of libc NAME means, like "libm.so": -1 if it is no name of libc. */
int rl_musl_libc_part(const char *name);
const Elf64_Sym *rl_musl_definition_find(const struct rl_object *object, const char *name);
/* Whether OBJECT is a libc, by its content. */
bool rl_musl_is_libc(const struct rl_object *object);
/* Dependencies first, depth first, in DT_NEEDED order; root->sorted is the reverse of that. */
RL_NODISCARD enum rl_status rl_musl_sort(struct rl_object *root);

/* missing.c: what to do about what is not there. */
enum rl_status rl_musl_excuse_symbol(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
				     struct rl_binding *out_binding, struct rl_diag *diag);
enum rl_status rl_musl_excuse_library(struct rl_linker *linker, struct rl_object *object, const char *name,
				      struct rl_diag *diag);
/* Try again what is missing; what an open that failed left behind is forgotten first. */
void rl_musl_missing_retry(struct rl_musl *musl);
void rl_musl_missing_forget(struct rl_musl *musl, struct rl_musl_missing *down_to);

/* lock.c */
void rl_musl_lock(struct rl_musl_lock *lock);
void rl_musl_unlock(struct rl_musl_lock *lock);
void rl_musl_wait(const uint32_t *word, uint32_t value);
void rl_musl_wake(uint32_t *word, int count);

/* calls.c: constructors and destructors at musl's moments. */
void rl_musl_construct(struct rl_musl *musl, struct rl_object *root);
void rl_musl_destroy_all(struct rl_musl *musl);
/* In the child of a fork: constructors that other threads were running will never end. */
void rl_musl_calls_fork_child(struct rl_musl *musl);
/* Fails if ROOT needs an object whose constructors such a thread left. */
RL_NODISCARD enum rl_status rl_musl_calls_check(const struct rl_object *root, struct rl_diag *diag);

/* thread.c */
struct rl_dtv *rl_musl_dtv_give(struct rl_tls_state *tls);
/* The calling thread's dlerror state is ERROR now: it goes when the thread has gone. */
void rl_musl_error_keep(struct rl_musl *musl, void *error);

/* words.c: failures in musl's words. */
char *rl_musl_error_text(const struct rl_musl *musl, const struct rl_diag *diag);
void rl_musl_print(const struct rl_musl *musl, const struct rl_diag *diag);
const char *rl_musl_errno_text(const struct rl_musl *musl, int number);

/* definitions.c: what OBJECT, our own image, defines for programs, with its own hash table. */
struct rl_musl_definition {
	const char *name;
	const void *address;
	unsigned char type; /* STT_* */
};
RL_NODISCARD enum rl_status rl_musl_define(struct rl_object *object, const struct rl_musl_definition *definitions,
					   size_t count);

/* hosted.c: libc's own start as a subroutine. */

/* Make the program that libc will see.  The static TLS of all objects is laid out and scopes are made.  START is what
 * libc calls as that program's constructor, END what it calls as its own destructor. */
RL_NODISCARD enum rl_status rl_musl_host_make(struct rl_musl *musl, void (*start)(void), void (*end)(void),
					      struct rl_diag *diag);
/* Change the kernel's vector so that libc finds that program and comes back to RETURN_ADDRESS; and change it back. */
void rl_musl_host_enter(struct rl_musl *musl, struct rl_kernel *kernel, uintptr_t return_address);
void rl_musl_host_leave(struct rl_musl *musl, struct rl_kernel *kernel);
/* Objects are relocated: their TLS images are final.  Fill the image that threads will start with, and the calling
 * thread's area. */
void rl_musl_host_fill(struct rl_musl *musl);

#endif
