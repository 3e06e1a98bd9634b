/* ld.so's rules for finding a library: RPATH and RUNPATH with their transitivity, LD_LIBRARY_PATH, ld.so.cache,
 * glibc-hwcaps subdirectories, default directories, $ORIGIN and its siblings.  Follows ld.so(8) as glibc implements it. */
#ifndef RL_POLICY_SEARCH_H
#define RL_POLICY_SEARCH_H

#include "../link/policy.h"
#include "options.h"

struct rl_object;

/* Facts about the machine that choose subdirectories. */
struct rl_search_machine {
	const char *platform;      /* AT_PLATFORM, for $PLATFORM */
	const char *const *hwcaps; /* active glibc-hwcaps names, best first, NULL-terminated: "x86-64-v4", … */
};

/* Prepare the search.  OPTIONS and MACHINE must outlive it.  There is one search per process; its memory lives as long
 * as the process.  Nothing is opened or mapped before the first name that needs it. */
struct rl_search;
struct rl_search *rl_search_make(const struct rl_options *options, const struct rl_search_machine *machine);

/* The engine's view of it. */
struct rl_policy rl_search_policy(struct rl_search *search);

/* Objects whose RPATH/RUNPATH is asked for need to know the program, for its RPATH counts for everybody. */
void rl_search_set_program(struct rl_search *search, struct rl_object *program);

/* The directories a search for REQUESTER would look in, in order, for dlinfo(RTLD_DI_SERINFO): visit is called with
 * each and its LA_SER_* flag. */
void rl_search_each_directory(struct rl_search *search, struct rl_object *requester,
			      void (*visit)(void *argument, const char *directory, unsigned flag), void *argument);

/* Names to preload, in order: LD_PRELOAD or --preload, then /etc/ld.so.preload (believed as the original does).
 * visit returns what it makes of a name; failures are the caller's to report, naming SOURCE. */
void rl_preload_each(const struct rl_options *options,
		     void (*visit)(void *argument, const char *name, const char *source), void *argument);

#endif
