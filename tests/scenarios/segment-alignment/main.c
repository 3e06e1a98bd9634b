#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "scenario.h"

int lib64k_check(void), lib2m_check(void);

static int show(struct dl_phdr_info *info, size_t size, void *unused)
{
	unsigned long align = 4096;

	(void)size;
	(void)unused;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_align > align)
			align = info->dlpi_phdr[i].p_align;
	printf("%s: align %#lx, base %s\n", base_name(info->dlpi_name), align, info->dlpi_addr % align ? "off" : "aligned");
	return 0;
}

int main(void)
{
	void *handle;

	SHOW("%d", lib64k_check());
	SHOW("%d", lib2m_check());
	handle = dlopen("libopen2m.so", RTLD_NOW);
	SHOW("%d", ((int (*)(void))dlsym(handle, "opened_check"))());
	dl_iterate_phdr(show, NULL);
	SHOW("%d", dlclose(handle));
	return 0;
}
