/* Joining the parts of ld-relink.so. */
#ifndef RL_LDSO_PERSONALITY_H
#define RL_LDSO_PERSONALITY_H

#include "ldso.h"
#include "machine.h"

struct rl_dl_personality rl_dlfcn_personality(void);
struct rl_glibc_machine rl_machine_for_libc(const struct rl_cpu *cpu, const struct rl_search_machine *machine);

/* A program loaded by its path becomes the nameless first object. */
RL_NODISCARD enum rl_status rl_program_rename(struct rl_object *program);

/* What our own object is called: the PT_INTERP string, or how we were called. */
const char *rl_self_path(const struct rl_ldso_config *config);

#endif
