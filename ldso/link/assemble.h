/* The second half of section.c's work: relocating what was laid out. */
#ifndef RL_LINK_ASSEMBLE_H
#define RL_LINK_ASSEMBLE_H

#include "linker.h"

/* Relocate OBJECT, which has a draft, and protect its parts. */
RL_NODISCARD enum rl_status rl_draft_assemble(struct rl_linker *linker, struct rl_object *object, struct rl_diag *diag);

#endif
