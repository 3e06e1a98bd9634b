/* With static thread-local storage: an opened library that a preloaded dlopen hands to the system's linker. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

static __thread char block[40] __attribute__((tls_model("initial-exec")));

int needed(void);

static const char *told(void *value)
{
	Dl_info info = {0};
	return value != NULL && dladdr(value, &info) ? info.dli_fname : "nobody";
}

int both(void)
{
	return block[0];
}

void tell(const char *when)
{
	block[0] = 1;
	printf("%s: own %s, next both %s, default needed %s, next needed %s\n", when, told(dlsym(RTLD_DEFAULT, "both")),
	       told(dlsym(RTLD_NEXT, "both")), told(dlsym(RTLD_DEFAULT, "needed")), told(dlsym(RTLD_NEXT, "needed")));
	printf("%s: next tell %s\n", when, told(dlsym(RTLD_NEXT, "tell")));
	fflush(stdout);
}

__attribute__((constructor)) static void construct(void)
{
	tell("constructor");
	needed();
}
