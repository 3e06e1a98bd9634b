#include <dlfcn.h>
#include <stdio.h>

static void *open_one(const char *name, int mode)
{
	void *library = dlopen(name, mode);
	printf("%s: %s\n", name, library != NULL ? "opened" : dlerror());
	return library;
}

static void close_one(const char *name, void *library)
{
	dlclose(library);
	printf("%s: %s\n", name, dlopen(name, RTLD_LAZY | RTLD_NOLOAD) == NULL ? "gone" : "still there");
}

/* An open chooses a unique symbol of an older library, and fails: the older one can go, as before.  When it succeeds, the
 * older one stays. */
int main(void)
{
	void *owner = open_one("./libowner.so", RTLD_LAZY | RTLD_GLOBAL);
	open_one("./libbroken.so", RTLD_NOW);
	close_one("./libowner.so", owner);
	owner = open_one("./libowner.so", RTLD_LAZY | RTLD_GLOBAL);
	open_one("./libbroken.so", RTLD_LAZY);
	close_one("./libowner.so", owner);
	return 0;
}
