/* ld.so's rules for finding a library: RPATH and RUNPATH with their transitivity, LD_LIBRARY_PATH, ld.so.cache,
 * glibc-hwcaps subdirectories, default directories, $ORIGIN and its siblings.  Follows ld.so(8) as glibc implements it.
 *
 * The search remembers what it learns, so all calls need the load lock. */
#ifndef RL_POLICY_SEARCH_H
#define RL_POLICY_SEARCH_H

#include "../link/policy.h"
#include "options.h"

struct rl_object;

/* Facts about the machine that choose subdirectories and entries of ld.so.cache.  All zero but hwcaps is allowed. */
struct rl_search_machine {
	const char *platform;      /* $PLATFORM and a legacy subdirectory: AT_PLATFORM or a better name ("haswell") */
	const char *const *hwcaps; /* active glibc-hwcaps names, best first, NULL-terminated: "x86-64-v4", … */

	/* Legacy subdirectories, as releases before 2.37 search them: names by bit number, and the bits this CPU has
	 * (x86_64: 1 "x86_64", 2 "avx512_1"). */
	const char *const *feature_names;
	uint64_t features, features_mask; /* the second counts unless the user gives a mask of his own */
	/* The same in ld.so.cache: the bits that name a platform, and the one for ours (0: none). */
	uint64_t platform_mask, platform_bit;
	/* ISA levels that entries of ld.so.cache may ask for (x86_64: bit 0 baseline … bit 3 v4).  0: not checked. */
	uint32_t isa_levels;
};

/* Prepare the search.  OPTIONS and MACHINE must outlive it.  There is one search per process; its memory lives as long
 * as the process.  Nothing is opened or mapped before the first name that needs it.  NULL: no memory. */
struct rl_search;
struct rl_search *rl_search_make(const struct rl_options *options, const struct rl_search_machine *machine);

/* The engine's view of it. */
struct rl_policy rl_search_policy(struct rl_search *search);

/* Objects whose RPATH/RUNPATH is asked for need to know the program, for its RPATH counts for everybody.  Before this
 * call only ld.so.cache is searched, as the original does for the program of a command line.  PATH: the file the
 * program was loaded from in command mode; NULL if the kernel loaded it. */
void rl_search_set_program(struct rl_search *search, struct rl_object *program, const char *path);

/* An operation (start-up, one dlopen) is over: ld.so.cache is unmapped, the next need reads it afresh. */
void rl_search_settle(struct rl_search *search);

/* Directory that $ORIGIN stands for in OBJECT; NULL if it cannot be known.  Owned by the object. */
const char *rl_search_origin(struct rl_search *search, struct rl_object *object);

/* The directories a search for REQUESTER would look in, in order, for dlinfo(RTLD_DI_SERINFO): visit is called with
 * each and its LA_SER_* flag (always 0, as in the original). */
void rl_search_each_directory(struct rl_search *search, struct rl_object *requester,
			      void (*visit)(void *argument, const char *directory, unsigned flag), void *argument);

/* What a search is about to do, for who wants to watch. */
enum rl_search_step {
	RL_SEARCH_LIST,  /* text: a colon list of directories */
	RL_SEARCH_CACHE, /* text: the file of the cache */
	RL_SEARCH_FILE,  /* text: a file that is tried */
};

struct rl_search_news {
	enum rl_search_step step;
	const char *text;
	const char *kind;              /* LIST: "RPATH" and the like, as the original's LD_DEBUG names it */
	const struct rl_object *owner; /* LIST: whose it is; NULL: everybody's */
};

struct rl_search_listener {
	void (*hear)(void *context, const struct rl_search_news *news);
	void *context;
};

/* LISTENER hears of all searches from now on; NULL: nobody does, which costs a branch a step. */
void rl_search_listen(struct rl_search *search, const struct rl_search_listener *listener);

/* Names to preload, in order: LD_PRELOAD, then --preload, then /etc/ld.so.preload (believed as the original does).
 * visit loads the object NAME, with the program as requester, but nothing that it needs: in a secure process stricter
 * rules hold until visit returns.  Failures are the caller's to report, naming SOURCE. */
void rl_preload_each(struct rl_search *search,
		     void (*visit)(void *argument, const char *name, const char *source), void *argument);

#endif
