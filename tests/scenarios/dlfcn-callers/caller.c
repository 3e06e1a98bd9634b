#include <dlfcn.h>

#define GLUE(a, b) a##b
#define JOIN(a, b) GLUE(a, b)

const char *JOIN(NAME, _try)(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW);

	if (!handle)
		return dlerror();
	dlclose(handle);
	return "opened";
}
