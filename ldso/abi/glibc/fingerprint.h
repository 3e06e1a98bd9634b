/* Which build of glibc a libc.so.6 is, told from the file alone: the row of layout.h that fits it, or nothing. */
#ifndef RL_ABI_GLIBC_FINGERPRINT_H
#define RL_ABI_GLIBC_FINGERPRINT_H

#include "../../base/status.h"
#include "../../elf/symbols.h"
#include "layout.h"

/* What the libc says about itself.  Offsets that it does not tell are RL_ABSENT. */
struct rl_glibc_identity {
	const char *version;  /* "2.36", in the libc's image; NULL if it does not say */
	uint16_t release;     /* 236; 0 if the version is not that of a release */
	bool versions_agree;  /* the newest symbol version it defines is that of its release or the one before */
	uint16_t thread_size; /* sizeof (struct pthread), as libthread_db is told */
	uint16_t stack_user;  /* _rtld_global: _dl_stack_user, as libthread_db is told */
	uint16_t tls_modid;   /* link_map: l_tls_modid, as libthread_db is told */
	uint16_t hwcap2;      /* _rtld_global_ro: _dl_hwcap2, from the code of getauxval */
	uint16_t find_object; /* _rtld_global_ro: _dl_find_object, from the code of the function of that name */
};

/* Find the row for a libc.so.6 that is mapped; it need not be relocated, and none of its code runs.  SYMBOLS must have
 * its versions.  RL_LIBC_UNKNOWN if no row agrees in everything: a wrong row would crash the process without a
 * message.  *out_identity is filled in either way.
 */
RL_NODISCARD enum rl_status rl_glibc_identify(const struct rl_image *image, const struct rl_symbols *symbols,
					      const struct rl_glibc_layout **out_layout,
					      struct rl_glibc_identity *out_identity);

/* Whether a libc that tells IDENTITY has the layout of this row, as far as the identity goes. */
bool rl_glibc_identity_fits(const struct rl_glibc_identity *identity, const struct rl_glibc_layout *layout);

#endif
