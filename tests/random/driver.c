/*
 * Does what its arguments say, and prints what came of it: names, numbers and relations, never an address.
 *
 *	open:NAME:FLAGS		dlopen; SLOT below is the number of the open, from 0
 *	open@SLOT:NAME:FLAGS	the same, called by that library
 *	close:SLOT		dlclose; each handle is closed as often as it was opened, and not used behind that
 *	sym:SLOT:NAME		dlsym, and what is there
 *	sym@SLOT:WHERE:NAME	the same with WHERE default or next, called by that library; without @SLOT by the program
 *	vers:SLOT:NAME:VERSION	dlvsym
 *	use:SLOT		call what the library calls lazily
 *	addr:SLOT:NAME		dladdr
 *	info:SLOT		dlinfo, all requests
 *	maps			what is loaded
 *	errors			dlerror, twice
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../scenarios/include/scenario.h"

enum { SLOTS = 64 };

/* What each library has under its own name, `it_X`. */
struct it {
	const char *name;
	void *(*open)(const char *name, int flags);
	void *(*find)(void *handle, const char *name);
	void (*use)(void);
};

/* What the libraries of the graph find under a name: a function says which one it is, a variable holds it. */
struct thing {
	char kind; /* 'f' function, 'd' data, 't' thread-local data */
	int value;
};

static struct slot {
	void *handle;
	char name[16]; /* the letter of the library, if it is one of the graph */
	int is_open;
} slots[SLOTS];
static int slot_count;

void note(const char *what, const char *who);
void note(const char *what, const char *who)
{
	dprintf(1, "  %s %s\n", who, what);
}

void note_number(const char *who, const char *what, int number);
void note_number(const char *who, const char *what, int number)
{
	dprintf(1, "  %s: %s = %d\n", who, what, number);
}

/* musl's libc is its linker: its path is that of the linker which was run, or that of libc. */
static const char *shown(const char *path)
{
	return path == NULL ? "-" : strncmp(base_name(path), "ld-musl-", 8) == 0 ? "libc" : path;
}

static void say_error(void)
{
	const char *text = dlerror();
	dprintf(1, "  error: %s\n", text == NULL ? "none" : text);
}

/* The slot that WORD names, or NULL if it is closed. */
static struct slot *slot_of(const char *word)
{
	int number = word == NULL ? -1 : atoi(word);
	if (number < 0 || number >= slot_count || !slots[number].is_open || slots[number].handle == NULL)
		return NULL;
	return &slots[number];
}

static const struct it *it_of(const struct slot *slot)
{
	char name[32];
	if (slot == NULL)
		return NULL;
	snprintf(name, sizeof name, "it_%s", slot->name);
	const struct it *it = dlsym(slot->handle, name);
	if (it == NULL)
		say_error();
	return it;
}

static int flags_of(const char *word)
{
	int flags = 0;
	static const struct {
		char letter;
		int flag;
	} known[] = {{'l', RTLD_LAZY},	  {'n', RTLD_NOW},    {'g', RTLD_GLOBAL},
		     {'k', RTLD_NODELETE}, {'o', RTLD_NOLOAD},
#ifdef RTLD_DEEPBIND
		     {'d', RTLD_DEEPBIND},
#endif
	};
	for (; word != NULL && *word != 0; word++)
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			if (known[i].letter == *word)
				flags |= known[i].flag;
	return flags;
}

static void do_open(const struct it *opener, const char *name, const char *flags)
{
	struct slot *slot = &slots[slot_count++];
	const char *file = strcmp(name, "-") == 0 ? NULL : name;
	const char *base = base_name(name);
	slot->handle = opener == NULL ? dlopen(file, flags_of(flags)) : opener->open(file, flags_of(flags));
	slot->is_open = slot->handle != NULL;
	snprintf(slot->name, sizeof slot->name, "%.*s", strncmp(base, "lib", 3) == 0 ? (int)strcspn(base + 3, ".") : 0, base + 3);
	if (slot->handle == NULL) {
		say_error();
		return;
	}
	for (struct slot *other = slots; other <= slot; other++)
		if (other->is_open && other->handle == slot->handle) {
			dprintf(1, "  handle %d\n", (int)(other - slots));
			break;
		}
}

static void do_close(struct slot *slot)
{
	slot->is_open = 0;
	int result = dlclose(slot->handle);
	dprintf(1, "  result %d\n", result);
	if (result != 0)
		say_error();
}

/* What is at the address of NAME: the libraries agree on what a name's first letter means. */
static void say_what(const char *name, void *address)
{
	if (address == NULL)
		say_error();
	else if (name[0] == 'f')
		dprintf(1, "  function of %d\n", ((int (*)(void))address)());
	else if (name[0] == 'd' || name[0] == 't') {
		int value = (*(int *)address)++;
		dprintf(1, "  variable of %d, %d times\n", value / 100, value % 100);
	}
	else
		dprintf(1, "  there\n");
}

static void do_sym(const char *by, const char *where, const char *name)
{
	struct slot *slot = slot_of(where);
	const struct it *caller = it_of(slot_of(by));
	void *handle = strcmp(where, "default") == 0 ? RTLD_DEFAULT
		       : strcmp(where, "next") == 0  ? RTLD_NEXT
		       : slot == NULL		     ? NULL
						     : slot->handle;
	if (slot == NULL && handle == NULL && strcmp(where, "default") != 0)
		return;
	say_what(name, caller == NULL ? dlsym(handle, name) : caller->find(handle, name));
}

static void do_addr(struct slot *slot, const char *name)
{
	void *address = dlsym(slot->handle, name);
	Dl_info info = {0};
	struct link_map *map = NULL;
	const ElfW(Sym) *symbol = NULL;
	if (address == NULL) {
		say_error();
		return;
	}
	for (int offset = 0; offset < 2; offset++) {
		int result = dladdr((char *)address + offset, &info);
		dprintf(1, "  %d %s %s, %s\n", result != 0, shown(info.dli_fname),
			info.dli_sname == NULL ? "-" : info.dli_sname,
			info.dli_saddr == address ? "the same" : info.dli_saddr == NULL ? "none" : "another");
	}
#ifdef RTLD_DL_LINKMAP
	int result = dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP);
	dprintf(1, "  %d %s\n", result != 0, map == NULL ? "-" : map->l_name);
	result = dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT);
	dprintf(1, "  %d %d bytes\n", result != 0, symbol == NULL ? -1 : (int)symbol->st_size);
#else
	(void)map;
	(void)symbol;
#endif
}

static void do_info(struct slot *slot)
{
	struct link_map *map = NULL;
	int result = dlinfo(slot->handle, RTLD_DI_LINKMAP, &map);
	dprintf(1, "  %d %s\n", result, result == 0 ? map->l_name : dlerror());
#ifdef RTLD_DI_ORIGIN
	char origin[4096] = "";
	Lmid_t id = -7;
	size_t module = 0;
	void *data = NULL;
	Dl_serinfo size;
	result = dlinfo(slot->handle, RTLD_DI_ORIGIN, origin);
	dprintf(1, "  %d %s\n", result, origin);
	result = dlinfo(slot->handle, RTLD_DI_LMID, &id);
	dprintf(1, "  %d %ld\n", result, (long)id);
	result = dlinfo(slot->handle, RTLD_DI_TLS_MODID, &module);
	dprintf(1, "  %d %s\n", result, module == 0 ? "no TLS" : "TLS");
	result = dlinfo(slot->handle, RTLD_DI_TLS_DATA, &data);
	dprintf(1, "  %d %s\n", result, data == NULL ? "no block" : "block");
	result = dlinfo(slot->handle, RTLD_DI_SERINFOSIZE, &size);
	dprintf(1, "  %d %zu %u\n", result, (size_t)size.dls_size, size.dls_cnt);
	Dl_serinfo *all = malloc(size.dls_size);
	*all = size;
	result = dlinfo(slot->handle, RTLD_DI_SERINFO, all);
	for (unsigned i = 0; result == 0 && i < all->dls_cnt; i++)
		dprintf(1, "  %d %s\n", (int)all->dls_serpath[i].dls_flags, all->dls_serpath[i].dls_name);
	free(all);
#endif
}

static int say_map(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	dprintf(1, "  [%s] %d\n", shown(info->dlpi_name), info->dlpi_tls_modid != 0);
	return 0;
}

static void obey(char *word)
{
	char *parts[5] = {0};
	int count = 0;
	for (char *rest = word; rest != NULL && count < 5;)
		parts[count++] = strsep(&rest, ":");
	char *what = strsep(&parts[0], "@"), *by = parts[0];
	struct slot *slot = slot_of(parts[1]);
	if (strcmp(what, "open") == 0)
		do_open(it_of(slot_of(by)), parts[1], parts[2]);
	else if (strcmp(what, "sym") == 0)
		do_sym(by, parts[1], parts[2]);
	else if (strcmp(what, "maps") == 0)
		dl_iterate_phdr(say_map, NULL);
	else if (strcmp(what, "errors") == 0)
		say_error(), say_error();
	else if (slot == NULL)
		dprintf(1, "  closed\n");
	else if (strcmp(what, "close") == 0)
		do_close(slot);
#ifdef __GLIBC__
	else if (strcmp(what, "vers") == 0)
		say_what(parts[2], dlvsym(slot->handle, parts[2], parts[3]));
#endif
	else if (strcmp(what, "addr") == 0)
		do_addr(slot, parts[2]);
	else if (strcmp(what, "info") == 0)
		do_info(slot);
	else if (strcmp(what, "use") == 0 && it_of(slot) != NULL)
		it_of(slot)->use();
	else
		dprintf(1, "  ?\n");
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		dprintf(1, "%s\n", argv[i]);
		obey(argv[i]);
	}
	dprintf(1, "exit\n");
	return 0;
}
