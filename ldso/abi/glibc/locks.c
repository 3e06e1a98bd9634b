/* The linker's locks are libc's mutexes inside _rtld_global, because fork() in libc repairs them in the child. */
#include <string.h>

#include "glibc.h"

void rl_glibc_lock(struct rl_glibc *glibc, uint16_t mutex)
{
	if (glibc->functions.mutex_lock != NULL)
		glibc->functions.mutex_lock(glibc->global + mutex);
}

void rl_glibc_unlock(struct rl_glibc *glibc, uint16_t mutex)
{
	if (glibc->functions.mutex_unlock != NULL)
		glibc->functions.mutex_unlock(glibc->global + mutex);
}

void rl_glibc_lock_reset(struct rl_glibc *glibc)
{
	enum { STATE_SIZE = 16 }; /* of a pthread_mutex_t: lock, count, owner, users; its kind follows */
	if (glibc->layout != NULL)
		memset(glibc->global + glibc->layout->global.dl_load_write_lock, 0, STATE_SIZE);
}
