/* Says what it sees, opens what it is given, and says what that did.  "@": lazily, "%": globally, "!": only if loaded. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "scenario.h"

extern int shared;
int who(void), behind_who(void), behind_weak(void), behind_protected(void), *behind_shared(void);
void ask_next(const char *name);

static int show(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size, (void)unused;
	printf("  %s: %d headers, adds %d, subs %d\n", base_name(info->dlpi_name), info->dlpi_phnum, (int)info->dlpi_adds,
	       (int)info->dlpi_subs);
	return 0;
}

static void open_one(const char *name)
{
	int mode = RTLD_NOW, (*function)(void);
	void *handle, *map = NULL;
	const char *error;

	for (; *name == '@' || *name == '%' || *name == '!'; name++)
		mode = *name == '@' ? RTLD_LAZY | (mode & ~RTLD_NOW) : *name == '%' ? mode | RTLD_GLOBAL : mode | RTLD_NOLOAD;
	handle = dlopen(name, mode);
	error = dlerror();
	printf("open %s: %s\n", name, handle ? "yes" : error ? error : "(no error)");
	CHECK(dlerror() == NULL);
	if (handle == NULL)
		return;
	printf("  map %s\n", base_name(((struct link_map *)handle)->l_name));
	CHECK(dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map == handle);
	CHECK(dlinfo(handle, 99, &map) == -1);
	printf("  %s\n", ERROR_TEXT());
	function = (int (*)(void))dlsym(handle, "who");
	printf("  who %d\n", function ? function() : -1);
	CHECK(dlsym(handle, "nothere") == NULL);
	printf("  %s\n", ERROR_TEXT());
	CHECK(dlclose(handle) == 0);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("%d %d %d %d %d %d\n", who(), behind_who(), behind_weak(), behind_protected(), &shared == behind_shared(), shared);
	ask_next("who");
	ask_next("malloc");
	ask_next("main");
	ask_next("dlopen");
	for (int i = 1; i < argc; i++)
		open_one(argv[i]);
	CHECK(dlclose((void *)0x1234) != 0);
	puts(ERROR_TEXT());
	CHECK(dlsym((void *)0x1234, "who") == NULL);
	puts(ERROR_TEXT());
	dl_iterate_phdr(show, NULL);
	return 3;
}
