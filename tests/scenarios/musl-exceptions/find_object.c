/* The compiler's unwinder was built for glibc and asks it for the object at an address; musl has dl_iterate_phdr. */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct find_object {
	unsigned long long flags;
	void *start, *end;
	struct link_map *map;
	void *eh_frame;
	unsigned long long reserved[7];
};

struct query {
	unsigned long address;
	struct find_object *result;
};

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
	struct query *query = data;
	const ElfW(Phdr) *frames = NULL;
	int is_here = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		unsigned long start = info->dlpi_addr + phdr->p_vaddr;

		if (phdr->p_type == PT_LOAD && query->address >= start && query->address < start + phdr->p_memsz)
			is_here = 1;
		if (phdr->p_type == PT_GNU_EH_FRAME)
			frames = phdr;
	}
	if (!is_here || frames == NULL)
		return 0;
	query->result->eh_frame = (void *)(info->dlpi_addr + frames->p_vaddr);
	return 1;
}

int _dl_find_object(void *address, struct find_object *result)
{
	struct query query = {(unsigned long)address, result};

	memset(result, 0, sizeof *result);
	return dl_iterate_phdr(look, &query) ? 0 : -1;
}

/* And this of glibc's libc: destructors of thread-local objects. */
struct destructor {
	void (*function)(void *);
	void *object;
	struct destructor *next;
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void run(void *list)
{
	for (struct destructor *each = list; each != NULL; each = each->next)
		each->function(each->object);
}

static void key_make(void)
{
	pthread_key_create(&key, run);
}

int __cxa_thread_atexit_impl(void (*function)(void *), void *object, void *handle)
{
	struct destructor *each = malloc(sizeof *each);

	(void)handle;
	pthread_once(&once, key_make);
	*each = (struct destructor){function, object, pthread_getspecific(key)};
	return pthread_setspecific(key, each);
}

/* The support library was made for glibc, whose name for this some CPUs' atomic operations use. */
unsigned long getauxval(unsigned long kind), __getauxval(unsigned long kind);
unsigned long __getauxval(unsigned long kind)
{
	return getauxval(kind);
}
