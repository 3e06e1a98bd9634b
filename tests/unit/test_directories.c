/* Directory lists, the subdirectories of a machine, and the order of places in a made-up tree of files. */
#include "../../ldso/policy/directories.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../arch/port.h"
#include "../../ldso/base/heap.h"
#include "../../ldso/link/object.h"
#include "../../ldso/policy/search.h"
#include "check.h"

static const char *const no_names[] = {NULL};
static const struct rl_search_machine plain_machine = {.hwcaps = no_names};

static bool list_is(const char *path, const char *separators, const char *const *expected)
{
	struct rl_options options = {0};
	struct rl_hwcaps hwcaps;
	rl_hwcaps_init(&hwcaps, &options, &plain_machine);
	struct rl_directories directories = {.hwcaps = &hwcaps};
	struct rl_token_values values = {.origin = "/origin", .lib = "lib"};
	struct rl_directory_list list = {0};
	if (!rl_directories_read(&directories, path, separators, &values, &list) || !list.is_read)
		return false;
	size_t count = 0;
	bool is_good = true;
	for (; expected[count] != NULL; count++)
		is_good = is_good && count < list.count && strcmp(list.items[count]->name, expected[count]) == 0
			  && list.items[count]->length == strlen(expected[count]);
	is_good = is_good && count == list.count;
	rl_directories_drop(&list);
	return is_good;
}

#define LIST(...) (const char *const[]){__VA_ARGS__, NULL}

static void list_check(void)
{
	CHECK(list_is("", ":", (const char *const[]){NULL}));
	CHECK(list_is("/a", ":", LIST("/a/")));
	CHECK(list_is("/a:/b//:/:c", ":", LIST("/a/", "/b/", "/", "c/")));
	CHECK(list_is(":", ":", LIST("")));
	CHECK(list_is("/a::", ":", LIST("/a/", "")));
	CHECK(list_is("/a:/a/:/b:/a", ":", LIST("/a/", "/b/")));
	CHECK(list_is("/a;/b:/c", ":;", LIST("/a/", "/b/", "/c/")));
	CHECK(list_is("/a;/b:/c", ":", LIST("/a;/b/", "/c/")));
	CHECK(list_is("$ORIGIN/x:${LIB}:$PLATFORM:///", ":", LIST("/origin/x/", "lib/", "/")));
	CHECK(list_is("$PLATFORM", ":", (const char *const[]){NULL}));
	CHECK(list_is("$ORIGIN//", ":", LIST("/origin/")));
}

static void inhibit_check(void)
{
	CHECK(rl_directories_are_inhibited("", "") && rl_directories_are_inhibited(":a", ""));
	CHECK(!rl_directories_are_inhibited("a", "") && !rl_directories_are_inhibited("a:", ""));
	CHECK(rl_directories_are_inhibited("a:/b/c.so:d", "/b/c.so") && rl_directories_are_inhibited("d", "d"));
	CHECK(!rl_directories_are_inhibited("/b/c.so.1:/b/c.s", "/b/c.so"));
}

static void subdirectory_check(void)
{
	static const char *const names[] = {"v3", "v2", NULL};
	static const char *const features[] = {"sse2", "x86_64", "avx512_1"};
	struct rl_search_machine machine = {.platform = "has", .hwcaps = names, .feature_names = features, .features = 2,
					    .features_mask = 2};
	struct rl_options options = {.hwcaps_prepend = "zork:", .hwcaps_mask = "v2"};
	struct rl_hwcaps hwcaps;
	rl_hwcaps_init(&hwcaps, &options, &machine);
	CHECK(rl_hwcaps_list(&hwcaps));
	static const char *const expected[] = {"glibc-hwcaps/zork/", "glibc-hwcaps/v2/", "tls/has/x86_64/", "tls/has/",
					       "tls/x86_64/", "tls/", "has/x86_64/", "has/", "x86_64/", ""};
	CHECK(hwcaps.count == sizeof expected / sizeof *expected && hwcaps.longest == strlen(expected[0]));
	for (unsigned i = 0; i < hwcaps.count; i++)
		CHECK(hwcaps.subdirectories[i].length == strlen(expected[i])
		      && memcmp(hwcaps.subdirectories[i].name, expected[i], strlen(expected[i])) == 0);
	CHECK(rl_hwcaps_priority(&hwcaps, "zork") == 1 && rl_hwcaps_priority(&hwcaps, "v2") == 2);
	CHECK(rl_hwcaps_priority(&hwcaps, "v3") == 0 && rl_hwcaps_priority(&hwcaps, "") == 0);
	rl_heap_give(hwcaps.subdirectories);
}

/* The tree, below the working directory. */
enum { OTHER_CLASS = ELFCLASS32 + ELFCLASS64 - RL_PORT_CLASS };

static char root[] = "/tmp/test-directories-XXXXXX";

static void file_make(const char *path, unsigned char class, unsigned machine, size_t size)
{
	_Alignas(16) unsigned char bytes[1024] = {0};
	Elf64_Ehdr *header = (void *)bytes;
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = class;
	header->e_ident[EI_DATA] = RL_PORT_DATA;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_DYN;
	header->e_machine = (Elf64_Half)machine;
	header->e_version = EV_CURRENT;
	header->e_phentsize = sizeof(Elf64_Phdr);
	FILE *file = fopen(path, "wb");
	CHECK(file != NULL && fwrite(bytes, 1, size, file) == size);
	if (file != NULL)
		fclose(file);
}

static void good_make(const char *path)
{
	file_make(path, RL_PORT_CLASS, RL_PORT_MACHINE, 1024);
}

static void tree_make(void)
{
	static const char *const folders[] = {"env", "rpath", "runpath", "origin", "origin/sub", "bad", "loader"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		CHECK(mkdir(folders[i], 0700) == 0);
	good_make("env/libboth.so");
	good_make("rpath/libboth.so");
	good_make("runpath/libboth.so");
	good_make("env/libenv.so");
	good_make("rpath/librp.so");
	good_make("origin/sub/libor.so");
	good_make("loader/libload.so");
	good_make("libhere.so");
	good_make("env/libclass.so");
	file_make("bad/libclass.so", OTHER_CLASS, RL_PORT_MACHINE, 1024);
	file_make("bad/libonly.so", OTHER_CLASS, RL_PORT_MACHINE, 1024);
	file_make("bad/libmachine.so", RL_PORT_CLASS, RL_PORT_MACHINE ^ 1, 1024);
	file_make("bad/libshort.so", RL_PORT_CLASS, RL_PORT_MACHINE, 20);
	file_make("bad/libempty.so", RL_PORT_CLASS, RL_PORT_MACHINE, 0);
}

/* Search for NAME: the path found, below the root if it is there, or NULL and the diagnosis in *OUT_DIAG. */
static const char *search(struct rl_policy *policy, const char *name, struct rl_object *requester,
			  struct rl_diag *out_diag)
{
	static char found[512];
	struct rl_file file;
	*out_diag = RL_DIAG_NONE;
	enum rl_status status = policy->find(policy->context, name, requester, NULL, &file, out_diag);
	CHECK(status == out_diag->status);
	if (status != RL_OK)
		return NULL;
	CHECK(file.head.size == sizeof file.head.bytes && memcmp(file.head.bytes, ELFMAG, SELFMAG) == 0);
	close(file.fd);
	const char *path = strncmp(file.path, root, strlen(root)) == 0 ? file.path + strlen(root) + 1 : file.path;
	snprintf(found, sizeof found, "%s", path);
	rl_heap_give(file.path);
	return found;
}

static bool finds(struct rl_policy *policy, const char *name, struct rl_object *requester, const char *path)
{
	struct rl_diag diag;
	const char *found = search(policy, name, requester, &diag);
	bool is_good = found != NULL ? path != NULL && strcmp(found, path) == 0 : path == NULL;
	if (!is_good)
		fprintf(stderr, "%s is %s instead of %s\n", name, found, path);
	rl_diag_drop(&diag);
	return is_good;
}

static bool fails(struct rl_policy *policy, const char *name, enum rl_status status, const char *subject, int error)
{
	struct rl_diag diag;
	bool is_good = search(policy, name, NULL, &diag) == NULL && diag.status == status && diag.error_number == error
		       && strcmp(diag.subject, subject) == 0;
	if (!is_good)
		fprintf(stderr, "%s: status %d, errno %d, subject %s\n", name, diag.status, diag.error_number, diag.subject);
	rl_diag_drop(&diag);
	return is_good;
}

static void order_check(void)
{
	char library_path[256], rpath[256], runpath[256];
	snprintf(library_path, sizeof library_path, "%s/none;%s/env:%s/bad:", root, root, root);
	snprintf(rpath, sizeof rpath, "%s/rpath", root);
	snprintf(runpath, sizeof runpath, "%s/runpath:$ORIGIN/sub", root);
	char object_path[256];
	snprintf(object_path, sizeof object_path, "%s/origin/libx.so", root);

	struct rl_options options = {.library_path = library_path, .inhibits_cache = true};
	struct rl_search *state = rl_search_make(&options, &plain_machine);
	struct rl_policy policy = rl_search_policy(state);
	CHECK(finds(&policy, "libenv.so", NULL, NULL)); /* nothing but the cache before there is a program */

	struct rl_object program = {.kind = RL_OBJECT_PROGRAM, .path = "", .dynamic = {.rpath = rpath}};
	rl_search_set_program(state, &program, NULL);
	struct rl_object old = {.path = object_path, .loader = &program};
	struct rl_object new = {.path = object_path, .loader = &program, .dynamic = {.rpath = rpath, .runpath = runpath}};
	struct rl_object child = {.path = object_path, .loader = &new};
	CHECK(finds(&policy, "libboth.so", &old, "rpath/libboth.so"));
	CHECK(finds(&policy, "libboth.so", NULL, "rpath/libboth.so"));
	CHECK(finds(&policy, "libboth.so", &new, "env/libboth.so"));
	CHECK(finds(&policy, "libor.so", &new, "origin/sub/libor.so"));
	CHECK(finds(&policy, "librp.so", &new, NULL));
	CHECK(finds(&policy, "librp.so", &child, "rpath/librp.so"));
	CHECK(finds(&policy, "libor.so", &child, NULL)); /* RUNPATH is for oneself */
	CHECK(finds(&policy, "libhere.so", &old, "libhere.so"));
	CHECK(finds(&policy, "./libhere.so", &old, "./libhere.so"));
	CHECK(finds(&policy, "$ORIGIN/sub/libor.so", &old, "origin/sub/libor.so"));

	CHECK(finds(&policy, "libclass.so", NULL, "env/libclass.so"));
	CHECK(fails(&policy, "libonly.so", RL_ELF_CLASS, "libonly.so", 0));
	CHECK(fails(&policy, "libmachine.so", RL_FILE_NOT_FOUND, "libmachine.so", ENOENT));
	CHECK(fails(&policy, "libnone.so", RL_FILE_NOT_FOUND, "libnone.so", ENOENT));
	CHECK(fails(&policy, "./libnone.so", RL_FILE_NOT_FOUND, "./libnone.so", ENOENT));
	CHECK(fails(&policy, "bad/libonly.so", RL_ELF_CLASS, "bad/libonly.so", 0));
	char broken[256];
	snprintf(broken, sizeof broken, "%s/bad/libshort.so", root);
	CHECK(fails(&policy, "libshort.so", RL_FILE_TOO_SHORT, broken, 0));
	snprintf(broken, sizeof broken, "%s/bad/libempty.so", root);
	CHECK(fails(&policy, "libempty.so", RL_FILE_TOO_SHORT, broken, 0));
	CHECK(fails(&policy, "./bad", RL_FILE_UNREADABLE, "./bad", EISDIR));

	struct rl_object *objects[] = {&program, &old, &new, &child};
	for (int i = 0; i < 4; i++) {
		policy.forget(policy.context, objects[i]);
		CHECK(objects[i]->policy == NULL);
		rl_heap_give((char *)objects[i]->origin);
	}
}

static void memory_check(void)
{
	char library_path[256];
	snprintf(library_path, sizeof library_path, "%s/late:late", root);
	struct rl_options options = {.library_path = library_path, .inhibits_cache = true};
	struct rl_search *state = rl_search_make(&options, &plain_machine);
	struct rl_policy policy = rl_search_policy(state);
	struct rl_object program = {.kind = RL_OBJECT_PROGRAM, .path = ""};
	rl_search_set_program(state, &program, NULL);
	CHECK(finds(&policy, "liblate.so", NULL, NULL));
	CHECK(mkdir("late", 0700) == 0);
	good_make("late/liblate.so");
	/* The absolute directory was seen missing, and stays so; a relative one can always turn up. */
	CHECK(finds(&policy, "liblate.so", NULL, "late/liblate.so"));
	struct rl_diag diag;
	char absolute[256];
	snprintf(absolute, sizeof absolute, "%s/late/liblate.so", root);
	struct rl_file file;
	diag = RL_DIAG_NONE;
	CHECK(policy.find(policy.context, "liblate.so", NULL, NULL, &file, &diag) == RL_OK);
	CHECK(strcmp(file.path, absolute) != 0);
	close(file.fd);
	rl_heap_give(file.path);
}

static void expand_check(void)
{
	struct rl_options options = {0};
	struct rl_search *state = rl_search_make(&options, &plain_machine);
	struct rl_policy policy = rl_search_policy(state);
	struct rl_object object = {.path = "/opt/x/libx.so"};
	struct rl_diag diag = RL_DIAG_NONE;
	char *name = NULL;
	CHECK(policy.expand(policy.context, "libc.so.6", &object, &name, &diag) == RL_OK && name == NULL);
	CHECK(policy.expand(policy.context, "$ORIGIN/y", &object, &name, &diag) == RL_OK && name != NULL);
	CHECK(name != NULL && strcmp(name, "/opt/x/y") == 0);
	rl_heap_give(name);
	CHECK(policy.expand(policy.context, "$PLATFORM", &object, &name, &diag) == RL_TOKEN_EMPTY);
	CHECK(diag.status == RL_TOKEN_EMPTY && strcmp(diag.subject, "$PLATFORM") == 0);
	rl_diag_drop(&diag);
	options.is_secure = true;
	CHECK(policy.expand(policy.context, "$LIB/x", &object, &name, &diag) == RL_TOKEN_FORBIDDEN);
	rl_diag_drop(&diag);
	rl_heap_give((char *)object.origin);
}

struct seen {
	char text[1024];
};

static void seen_add(void *argument, const char *directory, unsigned flag)
{
	struct seen *seen = argument;
	CHECK(flag == 0);
	strcat(strcat(seen->text, directory), "|");
}

static void name_add(void *argument, const char *name, const char *source)
{
	struct seen *seen = argument;
	if (strcmp(source, "/etc/ld.so.preload") != 0)
		strcat(strcat(seen->text, name), "|");
}

static void visits_check(void)
{
	struct rl_options options = {
		.library_path = "/a/b:/::",
		.preload_environment = " liba.so:./b.so  ::$LIB/c.so ",
		.preload_command = "d.so",
	};
	struct rl_search *state = rl_search_make(&options, &plain_machine);
	struct rl_object program = {.kind = RL_OBJECT_PROGRAM, .path = "", .dynamic = {.runpath = "/r"}};
	rl_search_set_program(state, &program, NULL);
	struct seen seen = {""};
	rl_search_each_directory(state, &program, seen_add, &seen);
	CHECK(strcmp(seen.text, "/a/b|/|.|/r|/" RL_PORT_LIB "|/usr/" RL_PORT_LIB "|/lib|/usr/lib|") == 0);
	seen.text[0] = '\0';
	program.dynamic.flags_1 = DF_1_NODEFLIB;
	rl_search_each_directory(state, &program, seen_add, &seen);
	CHECK(strcmp(seen.text, "/a/b|/|.|/r|") == 0);

	seen.text[0] = '\0';
	rl_preload_each(state, name_add, &seen);
	CHECK(strcmp(seen.text, "liba.so|./b.so|$LIB/c.so|d.so|") == 0);
	options.is_secure = true;
	seen.text[0] = '\0';
	rl_preload_each(state, name_add, &seen);
	CHECK(strcmp(seen.text, "liba.so|d.so|") == 0);
	rl_search_policy(state).forget(state, &program);
}

int main(void)
{
	list_check();
	inhibit_check();
	subdirectory_check();
	expand_check();
	visits_check();
	if (mkdtemp(root) == NULL || chdir(root) != 0)
		return 1;
	tree_make();
	order_check();
	memory_check();
	char command[sizeof root + 16];
	snprintf(command, sizeof command, "rm -rf %s", root);
	return system(command) != 0 || check_failures != 0;
}
