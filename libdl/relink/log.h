/* Logs, and maps for perf. */
#ifndef RL_LIBDL_RELINK_LOG_H
#define RL_LIBDL_RELINK_LOG_H

#include "engine.h"

/* Set LOG up as RELINK_DEBUG in ENVP says; in a secure process it says nothing. */
void rl_log_open(struct rl_log *log, char **envp, bool is_secure);
void rl_log_close(struct rl_log *log);
/* LOG has changed: ask the engine for what it needs.  The lock is held. */
void rl_log_attach(const struct rl_log *log);

/* TEXT of one or several whole lines.  Needs no lock. */
void rl_log_write(const struct rl_log *log, unsigned category, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static inline bool rl_log_wants(const struct rl_log *log, unsigned category)
{
	return __builtin_expect((log->categories & category) != 0, 0);
}

void rl_log_event(struct rl_log *log, const struct rl_event *event);
/* RELA of OBJECT is about to be applied. */
void rl_log_relocation(struct rl_log *log, struct rl_object *object, const Elf64_Rela *rela);
void rl_log_call(struct rl_linker *linker, struct rl_object *object, const Elf64_Rela *rela,
		 const struct rl_binding *binding);
struct rl_search_listener rl_log_search_listener(struct rl_log *log);

/* perf.c: OBJECT was made of FILE, which perf cannot read: write its functions to this process's map. */
void rl_perf_tell(const struct rl_object *object, const struct rl_file *file);

#endif
