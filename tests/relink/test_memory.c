/* Memory for modules of the caller's making: counted, refused at every call, an arena with and without mappings of files,
 * larger pages; and what the library never asks for. */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "check.h"

enum { RECORDS = 64, CALLS_LIMIT = 100, REFUSAL = EDQUOT, PAGE_64K = 65536 };

/* What a backend has seen. */
struct ledger {
	size_t page_size; /* that all it sees are multiples of */
	size_t calls, refused_call; /* of those that may be refused; 0: none is */
	size_t reserves, releases, maps, protects, advices, both; /* both: writable and executable */
	size_t open; /* reservations */
	struct {
		uintptr_t start;
		size_t size;
	} reservations[RECORDS];
	char *arena; /* NULL: the kernel's choice */
	size_t arena_size, arena_used;
	int reads; /* files are read, not mapped */
};

static int is_refused(struct ledger *ledger)
{
	return ++ledger->calls == ledger->refused_call;
}

static void range_check(const struct ledger *ledger, const void *start, size_t size)
{
	int is_inside = 0;
	for (size_t i = 0; i < ledger->open; i++)
		is_inside |= (uintptr_t)start >= ledger->reservations[i].start
			     && (uintptr_t)start + size <= ledger->reservations[i].start + ledger->reservations[i].size;
	CHECK(is_inside && size != 0 && (uintptr_t)start % ledger->page_size == 0 && size % ledger->page_size == 0);
}

static int reserve(void *user, const relink_reservation *wanted, void **out_start)
{
	struct ledger *ledger = user;
	CHECK(wanted->name[0] != '\0' && wanted->size % ledger->page_size == 0 && wanted->align % ledger->page_size == 0);
	if (is_refused(ledger))
		return REFUSAL;
	NEED(ledger->open < RECORDS);
	ledger->reserves++;
	void *start;
	if (wanted->address != 0) {
		start = mmap((void *)wanted->address, wanted->size, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (start == MAP_FAILED)
			return errno;
	} else if (ledger->arena != NULL) {
		uintptr_t at = ((uintptr_t)ledger->arena + ledger->arena_used + wanted->align - 1) & -wanted->align;
		ledger->arena_used = at + wanted->size - (uintptr_t)ledger->arena;
		NEED(ledger->arena_used <= ledger->arena_size);
		start = (void *)at;
	} else {
		int low = wanted->limit != 0 ? 0x40 /* MAP_32BIT */ : 0;
		char *wide = mmap(NULL, wanted->size + wanted->align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | low, -1, 0);
		NEED(wide != MAP_FAILED);
		start = (void *)(((uintptr_t)wide + wanted->align - 1) & -wanted->align);
		if (start != wide)
			munmap(wide, (size_t)((char *)start - wide));
		if ((char *)start + wanted->size != wide + wanted->size + wanted->align)
			munmap((char *)start + wanted->size, (size_t)(wide + wanted->align - (char *)start));
	}
	ledger->reservations[ledger->open].start = (uintptr_t)start;
	ledger->reservations[ledger->open++].size = wanted->size;
	*out_start = start;
	return 0;
}

static int map(void *user, const relink_piece *piece)
{
	struct ledger *ledger = user;
	range_check(ledger, piece->start, piece->size);
	CHECK(piece->content_size <= piece->size && (piece->descriptor >= 0) == (piece->content_size != 0));
	CHECK(piece->offset % ledger->page_size == 0);
	ledger->maps++;
	ledger->both += (piece->protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC);
	if (is_refused(ledger))
		return REFUSAL;
	if (!ledger->reads)
		return RELINK_MEMORY_KERNEL;
	CHECK(mprotect(piece->start, piece->size, PROT_READ | PROT_WRITE) == 0);
	memset(piece->start, 0, piece->size);
	return RELINK_MEMORY_READ;
}

static int protect(void *user, void *start, size_t size, int protection)
{
	struct ledger *ledger = user;
	range_check(ledger, start, size);
	ledger->protects++;
	ledger->both += (protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC);
	if (is_refused(ledger))
		return REFUSAL;
	return mprotect(start, size, protection) == 0 ? 0 : errno;
}

static int advise(void *user, void *start, size_t size, int advice)
{
	struct ledger *ledger = user;
	range_check(ledger, start, size);
	CHECK(advice == MADV_HUGEPAGE);
	ledger->advices++;
	return EINVAL; /* which is no failure */
}

static int release(void *user, void *start, size_t size)
{
	struct ledger *ledger = user;
	ledger->releases++;
	for (size_t i = 0; i < ledger->open; i++) {
		if (ledger->reservations[i].start != (uintptr_t)start)
			continue;
		CHECK(ledger->reservations[i].size == size);
		ledger->reservations[i] = ledger->reservations[--ledger->open];
		if (ledger->arena == NULL)
			return RELINK_MEMORY_KERNEL;
		CHECK(mmap(start, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == start);
		return 0;
	}
	CHECK(!"what is released was reserved");
	return 0;
}

static relink_context *context_make(struct ledger *ledger)
{
	relink_memory_hooks memory = {.reserve = reserve, .map = map, .protect = protect, .advise = advise, .release = release};
	if (ledger->page_size == 0)
		ledger->page_size = (size_t)sysconf(_SC_PAGESIZE);
	else
		memory.page_size = ledger->page_size;
	relink_context *context = check_context(0);
	NEED(relink_set_memory(context, &memory, ledger) == RELINK_OK);
	return context;
}

static void is_balanced(const struct ledger *ledger)
{
	CHECK(ledger->open == 0 && ledger->reserves == ledger->releases);
}

static void fixtures_make(void)
{
	check_library("libbase.so", "int base = 1; int zero[3000]; int base_get(void) { return base + zero[2999]; }\n"
				    "int *const sealed = &base; int *sealed_get(void) { return (int *)&sealed; }", "");
	check_library("libtop.so", "extern int base_get(void); int top(void) { return base_get() + 10; }\n"
				   "int (*const table[])(void) = {base_get}; void *sealed_get(void) { return (void *)table; }",
		      "-lbase -Wl,-rpath,'$ORIGIN'");
	check_library("libmissing.so", "extern int gone(void); int missing(void) { return gone(); }",
		      "-lbase -Wl,--no-as-needed,-rpath,'$ORIGIN',--unresolved-symbols=ignore-all,-z,now");
	check_build("cc", "c", "pie", "int answer(void) { return 42; } int main(void) { return 0; }", "-fPIE -pie -rdynamic");
	check_build("cc", "c", "fixed", "int answer(void) { return 42; } int main(void) { return 0; }",
		    "-no-pie -rdynamic -Wl,-Ttext-segment=0x6900000");
	check_build("cc", "c", "one.o", "extern int two(void); int cell = 3; int one(void) { return two() + cell; }", "-c");
	check_build("cc", "c", "two.o", "static int bss[9000]; int two(void) { return 40 + bss[8999]; }\n"
					"int answer(void) { return two() + 2; }", "-c");
	check_run("ar rcs lib.a one.o two.o");
	check_build("cc", "c", "low.o", "int value = 42; int answer(void) { int *volatile place = &value; return *place; }",
		    "-c -fno-pic -mcmodel=small");
	/* ld takes data that is larger than what one page has in common for a segment of their own. */
	check_library("libwide.so", "int base = 1; int zero[50000]; char text[70000] = {1}; int *const sealed = &base;\n"
				    "int base_get(void) { return base + zero[49999] + text[69999]; }\n"
				    "int *sealed_get(void) { return (int *)&sealed; }",
		      "-Wl,-z,max-page-size=65536,-z,common-page-size=65536");
	check_library("libhuge.so", "int base = 1; int base_get(void) { return base; }", "-Wl,-z,max-page-size=2097152");
	check_build("cc", "S", "libtext.so",
		    ".globl answer, place\n.type answer, @function\nanswer: mov $42, %eax\nret\n.size answer, . - answer\n"
		    ".type place, @object\nplace: .quad answer\n.size place, 8\n.section .note.GNU-stack\n",
		    "-shared -nostdlib -Wl,-z,notext,-soname,libtext.so");
}

static struct maps before, after;

/* The protection of the page at ADDRESS: "rw-p". */
static void protection_find(const void *address, char out[5])
{
	maps_take(&before);
	strcpy(out, "none");
	for (char *line = strtok(before.text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		unsigned long start, end;
		char protection[8];
		if (sscanf(line, "%lx-%lx %7s", &start, &end, protection) == 3 && (uintptr_t)address >= start
		    && (uintptr_t)address < end)
			memcpy(out, protection, 5);
	}
}

static int is_writable(int *place)
{
	pid_t child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile int *)place = 7;
		_exit(0);
	}
	int status = 0;
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* RELRO is sealed, and the rest of the data is not. */
static void sealed_check(relink_module *module)
{
	int *place = RELINK_GET(module, int *(*)(void), "sealed_get")();
	char protection[5];
	protection_find(place, protection);
	CHECK(strcmp(protection, "r--p") == 0 && !is_writable(place));
	int *data = relink_get(module, "base");
	CHECK(data == NULL || is_writable(data));
}

/* Load what NAME is, as a file or from memory, and see that it works. */
struct subject {
	const char *name, *function;
	int result;
};

static const struct subject subjects[] = {{"./libbase.so", "base_get", 1}, {"./libtop.so", "top", 11},
					  {"./pie", "answer", 42},	   {"./fixed", "answer", 42},
					  {"./two.o", "answer", 42},	   {"./lib.a", "one", 43},
					  {"./low.o", "answer", 42},	   {"./libtext.so", "answer", 42}};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

static relink_status subject_load(relink_context *context, const struct subject *subject, int from_memory,
				  relink_module **out_module, relink_error *error)
{
	relink_input input = relink_path(subject->name);
	relink_options options = {.flags = from_memory == 2 ? RELINK_LAZY : 0};
	static char bytes[1 << 20];
	if (from_memory == 1) {
		int fd = open(subject->name, O_RDONLY | O_CLOEXEC);
		ssize_t size = read(fd, bytes, sizeof bytes);
		close(fd);
		NEED(size > 0 && (size_t)size < sizeof bytes);
		input = relink_bytes(subject->name, bytes, (size_t)size);
	}
	return relink_load(context, &input, &options, out_module, error);
}

static void subject_check(relink_context *context, const struct subject *subject, int way)
{
	relink_module *module = NULL;
	relink_error error;
	relink_status status = subject_load(context, subject, way, &module, &error);
	if (status != RELINK_OK) {
		char text[256];
		relink_error_format(&error, text, sizeof text);
		fprintf(stderr, "%s: %s\n", subject->name, text);
		CHECK(!"it loads");
		return;
	}
	CHECK(check_call(module, subject->function) == subject->result);
	if (relink_get(module, "sealed_get") != NULL)
		sealed_check(module);
	relink_unref(module);
}

static void balance_test(int reads)
{
	for (size_t i = 0; i < SUBJECTS; i++)
		for (int way = 0; way < 3; way++) {
			struct ledger ledger = {.reads = reads};
			relink_context *context = context_make(&ledger);
			subject_check(context, &subjects[i], way);
			subject_check(context, &subjects[i], way);
			CHECK(ledger.reserves >= 2 && ledger.maps >= 2);
			CHECK(ledger.both == 0 || strcmp(subjects[i].name, "./libtext.so") == 0);
			is_balanced(&ledger);
			relink_error error;
			relink_input input = relink_path("./libmissing.so");
			CHECK(check_refused(context, &input, 0, &error) == RELINK_E_REL_SYMBOL);
			is_balanced(&ledger);
			relink_context_free(context);
		}
}

/* Refuse the first call, then the second …, until none is left to refuse. */
static void refusal_test(int reads)
{
	for (size_t i = 0; i < SUBJECTS; i++)
		for (int way = 0; way < 2; way++) {
			relink_status status = RELINK_E_MAP;
			for (size_t n = 1; status != RELINK_OK && n < CALLS_LIMIT; n++) {
				struct ledger ledger = {.reads = reads};
				relink_context *context = context_make(&ledger);
				subject_check(context, &subjects[i], way); /* what the library keeps for itself is there now */
				size_t calls = ledger.calls;
				maps_take(&before);
				ledger.refused_call = calls + n;
				relink_module *module = NULL;
				relink_error error;
				status = subject_load(context, &subjects[i], way, &module, &error);
				ledger.refused_call = 0;
				if (status == RELINK_OK) {
					CHECK(n == calls + 1);
					relink_unref(module);
				} else {
					CHECK(module == NULL && error.error_number == REFUSAL && error.file[0] != '\0');
					CHECK(status == RELINK_E_MAP
					      || (status == RELINK_E_REL_PROTECT && i == SUBJECTS - 1));
				}
				is_balanced(&ledger);
				maps_take(&after);
				CHECK(maps_equal(&before, &after));
				subject_check(context, &subjects[i], way);
				is_balanced(&ledger);
				relink_context_free(context);
			}
			CHECK(status == RELINK_OK);
		}
}

/* Each page is protected as in a context without callbacks. */
static void protections_test(void)
{
	static const char *const names[] = {"./libbase.so", "./libtop.so", "./pie", "./two.o", "./libtext.so"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct ledger ledger = {0};
		relink_context *contexts[] = {check_context(0), context_make(&ledger)};
		relink_module *modules[2];
		relink_info infos[2];
		for (int own = 0; own < 2; own++) {
			modules[own] = check_load(contexts[own], names[i], 0);
			relink_get_info(modules[own], &infos[own]);
		}
		size_t size = infos[0].map_end - infos[0].map_start;
		CHECK(infos[1].map_end - infos[1].map_start == size);
		for (size_t at = 0; at < size; at += ledger.page_size) {
			char usual[5], own[5];
			protection_find((char *)infos[0].map_start + at, usual);
			protection_find((char *)infos[1].map_start + at, own);
			CHECK(strcmp(usual, own) == 0);
		}
		for (int own = 0; own < 2; own++) {
			relink_unref(modules[own]);
			relink_context_free(contexts[own]);
		}
		is_balanced(&ledger);
	}
}

/* All modules in one range, in reach of each other's calls. */
static void arena_test(int reads)
{
	enum { SIZE = 64 << 20 };
	struct ledger ledger = {.reads = reads, .arena_size = SIZE};
	ledger.arena = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	NEED(ledger.arena != MAP_FAILED);
	relink_context *context = context_make(&ledger);
	relink_module *modules[3];
	modules[0] = check_load(context, "./libtop.so", RELINK_LAZY);
	modules[1] = check_load(context, "./two.o", 0);
	modules[2] = check_load(context, "./pie", 0);
	relink_module *other = check_load(check_context(0), "./libbase.so", 0);
	for (int i = 0; i < 3; i++) {
		relink_info info;
		relink_get_info(modules[i], &info);
		CHECK((char *)info.map_start >= ledger.arena && (char *)info.map_end <= ledger.arena + SIZE);
	}
	relink_info info;
	relink_get_info(other, &info);
	CHECK((char *)info.map_end <= ledger.arena || (char *)info.map_start >= ledger.arena + SIZE);
	CHECK(ledger.open == 4 && check_call(modules[0], "top") == 11 && check_call(modules[1], "answer") == 42);
	CHECK(check_is_mapped("libtop.so") == !reads);
	relink_context_free(context); /* modules keep it */
	for (int i = 0; i < 3; i++)
		relink_unref(modules[i]);
	relink_unref(other);
	is_balanced(&ledger);
	munmap(ledger.arena, SIZE);
}

static void pages_test(void)
{
	static const size_t bad[] = {1, 2048, 3000, 12288, 65535};
	relink_error error;
	relink_context *context = check_context(0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		relink_memory_hooks memory = {.page_size = bad[i]};
		CHECK(relink_set_memory(context, &memory, NULL) == RELINK_E_PAGE_SIZE);
	}
	CHECK(relink_set_memory(context, NULL, NULL) == RELINK_E_ARGUMENT);
	relink_unref(check_load(context, "./libwide.so", 0));
	relink_context_free(context);

	for (int reads = 0; reads < 2; reads++) {
		struct ledger ledger = {.page_size = PAGE_64K, .reads = reads};
		context = context_make(&ledger);
		relink_memory_hooks again = {.page_size = PAGE_64K};
		CHECK(relink_set_memory(context, &again, NULL) == RELINK_E_ARGUMENT);
		for (int way = 0; way < 3; way++) {
			subject_check(context, &(struct subject){"./libwide.so", "base_get", 1}, way);
			subject_check(context, &subjects[4], way);
			subject_check(context, &subjects[5], way);
			relink_input input = relink_path("./libbase.so");
			CHECK(check_refused(context, &input, 0, &error) == RELINK_E_PHDR_ALIGN);
			CHECK(strcmp(error.file, "./libbase.so") == 0);
			input = relink_path("./fixed");
			CHECK(check_refused(context, &input, 0, &error) == RELINK_E_PHDR_ALIGN);
		}
		CHECK(ledger.advices == 0);
		is_balanced(&ledger);
		relink_context_free(context);
	}
	struct ledger ledger = {.page_size = 2 << 20};
	context = context_make(&ledger);
	subject_check(context, &(struct subject){"./libhuge.so", "base_get", 1}, 0);
	CHECK(ledger.advices == 1);
	is_balanced(&ledger);
	relink_context_free(context);
	/* No callback at all, and a module that is there already. */
	context = check_context(0);
	relink_memory_hooks plain = {.page_size = PAGE_64K};
	CHECK(relink_set_memory(context, &plain, NULL) == RELINK_OK);
	relink_module *module = check_load(context, "./libwide.so", 0);
	relink_info info;
	relink_get_info(module, &info);
	CHECK(info.map_start % PAGE_64K == 0 && info.map_end % PAGE_64K == 0 && check_call(module, "base_get") == 1);
	sealed_check(module);
	relink_unref(module);
	relink_context_free(context);
	context = check_context(0);
	module = check_load(context, "./libbase.so", 0);
	CHECK(relink_set_memory(context, &plain, NULL) == RELINK_E_ARGUMENT);
	relink_unref(module);
	relink_context_free(context);
}

static size_t released;
static uintptr_t answer_place;

static int reserve_badly(void *user, const relink_reservation *wanted, void **out_start)
{
	(void)wanted;
	*out_start = (void *)answer_place;
	return *(int *)user;
}

static int release_count(void *user, void *start, size_t size)
{
	(void)user, (void)start, (void)size;
	released++;
	return 0;
}

/* Answers that make no sense are errors, and what was given goes back. */
static void answers_test(void)
{
	static const struct {
		int answer;
		uintptr_t place;
		int error;
		size_t released;
	} cases[] = {{0, 0, EINVAL, 1},	      {0, 0x700000001000 + 8, EINVAL, 1}, {0, -(uintptr_t)4096, EINVAL, 1},
		     {-77, 0, EINVAL, 0}, {RELINK_MEMORY_READ, 0, EINVAL, 0}, {ENOSPC, 0, ENOSPC, 0}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		relink_memory_hooks memory = {.reserve = reserve_badly, .release = release_count};
		relink_context *context = check_context(0);
		int answer = cases[i].answer;
		relink_error error;
		relink_input input = relink_path("./libbase.so");
		CHECK(relink_set_memory(context, &memory, &answer) == RELINK_OK);
		answer_place = cases[i].place;
		released = 0;
		CHECK(check_refused(context, &input, 0, &error) == RELINK_E_MAP);
		CHECK(error.error_number == cases[i].error && released == cases[i].released);
		relink_context_free(context);
	}
	/* Code with 32-bit addresses has to lie low, a program where it says. */
	int answer = 0;
	relink_memory_hooks memory = {.reserve = reserve_badly, .release = release_count};
	relink_context *context = check_context(0);
	relink_error error;
	relink_input low = relink_path("./low.o"), fixed = relink_path("./fixed");
	CHECK(relink_set_memory(context, &memory, &answer) == RELINK_OK);
	answer_place = 0x700000000000;
	CHECK(check_refused(context, &low, 0, &error) == RELINK_E_MAP && error.error_number == EINVAL);
	CHECK(check_refused(context, &fixed, 0, &error) == RELINK_E_MAP && error.error_number == EINVAL);
	relink_context_free(context);
}

/* The place of a program is taken. */
static void taken_test(void)
{
	void *place = (void *)0x6900000;
	NEED(mmap(place, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == place);
	for (int own = 0; own < 2; own++) {
		struct ledger ledger = {0};
		relink_context *context = own ? context_make(&ledger) : check_context(0);
		relink_input input = relink_path("./fixed");
		relink_error error;
		CHECK(check_refused(context, &input, 0, &error) == RELINK_E_MAP && error.error_number == EEXIST);
		relink_context_free(context);
	}
	munmap(place, 4096);
}

int main(void)
{
	check_begin();
	fixtures_make();
	balance_test(0);
	balance_test(1);
	refusal_test(0);
	refusal_test(1);
	protections_test();
	arena_test(0);
	arena_test(1);
	pages_test();
	answers_test();
	taken_test();
	return check_end();
}
