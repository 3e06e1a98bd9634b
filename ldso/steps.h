/* Steps of start-up that do not depend on the libc.  A step that fails ends the process, in libc's words. */
#ifndef RL_LDSO_STEPS_H
#define RL_LDSO_STEPS_H

#include "ldso.h"

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

/* End the process unless STATUS is RL_OK. */
void rl_must(enum rl_status status, struct rl_diag *diag);

/* How far from its link-time addresses the kernel put the program whose headers are in memory: PT_PHDR tells, and a
 * program without it was linked for where it is. */
uintptr_t rl_program_bias(const Elf64_Phdr *phdrs, size_t count);

/* Make an object of the image whose ELF header is in memory at HEADER_ADDRESS: the vDSO, or ourselves. */
void rl_image_adopt(enum rl_object_kind kind, const char *path, uintptr_t header_address,
		    struct rl_object **out_object, struct rl_diag *diag);

void rl_scopes_make(struct rl_diag *diag);
void rl_addresses_publish(struct rl_diag *diag);
void rl_seal(void);

#endif
