/* The linker's locks are libc's mutexes inside _rtld_global, because fork() in libc repairs them in the child. */
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
