/* The engine in a process of its own: opening and closing libraries that know no libc, through stubs for policy and
 * personality.  Order, scopes, relocation, rollback, pins, unique symbols. */
#include "stub.h"

static struct rl_linker linker;
static struct rl_object *program;

/* What the program offers to the libraries. */
static const char source_program[] = "char events[256]; int event_count;\n"
				     "void event(char c) { events[event_count++] = c; }\n"
				     "int who(void) { return 'p'; }\n"
				     "int shared_value = 1;\n";

#define CALLS(letter, small)                                                                                           \
	"extern void event(char);\n"                                                                                   \
	"__attribute__((constructor)) static void begin(void) { event('" letter "'); }\n"                              \
	"__attribute__((destructor)) static void end(void) { event('" small "'); }\n"

static void libraries_build(void)
{
	stub_library("libprogram.so", source_program, "");
	/* A diamond: a needs b and c, both need d; f needs nothing that exists. */
	stub_library("libd.so", CALLS("D", "d") "int who(void) { return 'd'; } int in_d(void) { return who(); }", "");
	stub_library("libb.so", CALLS("B", "b") "int in_d(void); int in_b(void) { return in_d(); } int only_b = 7;",
		     "libd.so");
	stub_library("libc1.so", CALLS("C", "c") "int in_d(void); int in_c(void) { return in_d(); }", "libd.so");
	stub_library("liba.so",
		     CALLS("A", "a") "int in_b(void), in_c(void); int in_a(void) { return in_b() + in_c(); }",
		     "libb.so libc1.so");
	/* A cycle. */
	stub_library("libx.so", "", "");
	stub_library("liby.so", CALLS("Y", "y") "int in_y;", "-Wl,--no-as-needed libx.so");
	stub_library("libx.so", CALLS("X", "x") "int in_x;", "-Wl,--no-as-needed liby.so");
	/* Failures. */
	stub_library("libgone.so", "int gone;", "");
	stub_library("libmissing.so", CALLS("?", "!") "int m;", "-Wl,--no-as-needed libd.so libgone.so");
	stub_library("libundefined.so", CALLS("?", "!") "int nowhere(void); int u(void) { return nowhere(); }",
		     "libd.so -Wl,--unresolved-symbols=ignore-all -Wl,--no-as-needed libc1.so");
	stub_library("libthread.so", "__thread int t = 5; int nowhere(void); int u(void) { return nowhere() + t; }",
		     "-Wl,--unresolved-symbols=ignore-all");
	stub_library("libtells.so",
		     "__asm__(\".data; .globl told; .type told, @gnu_unique_object; .size told, 4; told: .long 3;"
		     ".text\");",
		     "");
	stub_library("libasks.so",
		     "extern int told; int nowhere(void); int *asks(void) { return nowhere() ? &told : 0; }",
		     "-Wl,--unresolved-symbols=ignore-all");
	stub_library("libwants.so", CALLS("W", "w") "extern int only_b; int *wants(void) { return &only_b; }",
		     "-Wl,--unresolved-symbols=ignore-all");
	/* For namespaces, where the program's event() is not. */
	stub_library("libn.so", "int only_n = 7; int in_n(void) { return only_n; }", "");
	stub_library("libm.so", "int in_n(void); int in_m(void) { return in_n(); }", "libn.so");
	stub_library("libwantsn.so", "extern int only_n; int *wants(void) { return &only_n; }",
		     "-Wl,--unresolved-symbols=ignore-all");
	check_command("cd %s && rm libgone.so && head -c 200 libd.so > libshort.so && cp libd.so libcut.so "
		     "&& truncate -s 6000 libcut.so",
		     stub_folder);
	stub_library(
		"libu1.so",
		CALLS("1",
		      ",") "__asm__(\".data; .globl uniq; .type uniq, @gnu_unique_object;"
			   ".size uniq, 4; uniq: .long 11; .text\"); extern int uniq; int *uniq_1(void) { return &uniq; }",
		"");
	stub_library(
		"libu2.so",
		CALLS("2",
		      ";") "__asm__(\".data; .globl uniq; .type uniq, @gnu_unique_object;"
			   ".size uniq, 4; uniq: .long 22; .text\"); extern int uniq; int *uniq_2(void) { return &uniq; }",
		"");
	stub_library(
		"libpic.so",
		"extern int shared_value, absent __attribute__((weak)); static int inside = 5;\n"
		"int table[4] = {1, 2, 3, 4}; int *pointers[] = {&table[2], &inside, &shared_value, &absent};\n"
		"static int chosen(void) { return 99; } static void *choose(void) { return chosen; }\n"
		"int selected(void) __attribute__((ifunc(\"choose\"))); int (*selected_pointer)(void) = selected;\n"
		"__attribute__((visibility(\"protected\"))) int who(void) { return 'l'; }\n"
		"int (*who_pointer)(void) = who; int call_who(void) { return who(); } char zero[9000];\n"
		"int call_selected(void) { return selected(); }",
		"");
	stub_library("libself.so", "int who(void) { return 's'; } int self_who(void) { return who(); }",
		     "-Wl,-Bsymbolic");
	stub_library("liblazy.so", "int who(void); int lazy_who(void) { return who(); }",
		     "-Wl,-z,lazy -Wl,--unresolved-symbols=ignore-all");
}

static char *events(void)
{
	return stub_symbol(&linker, program, "events");
}

static void events_expect(const char *expected, int line)
{
	if (strcmp(events(), expected) != 0) {
		fprintf(stderr, "%s:%d: events %s, expected %s\n", __FILE__, line, events(), expected);
		check_failures++;
	}
	memset(events(), 0, 256);
	*(int *)stub_symbol(&linker, program, "event_count") = 0;
}
#define EVENTS(expected) events_expect(expected, __LINE__)

static enum rl_status open_by(struct rl_object *caller, const char *name, bool is_global, struct rl_object **out_object)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_open_request request = {.name = name, .caller = caller, .is_global = is_global};
	enum rl_status status = rl_open(&linker, &linker.base, &request, out_object, &diag);
	CHECK(diag.status == status);
	rl_diag_drop(&diag);
	return status;
}

static struct rl_object *opened(const char *name, bool is_global)
{
	struct rl_object *object = NULL;
	enum rl_status status = open_by(program, name, is_global, &object);
	if (status != RL_OK)
		fprintf(stderr, "%s: status %d\n", name, (int)status);
	NEED(status == RL_OK);
	return object;
}

static void closed(struct rl_object *object)
{
	struct rl_diag diag = RL_DIAG_NONE;
	CHECK(rl_close(&linker, object, &diag) == RL_OK);
	rl_diag_drop(&diag);
}

static int call(struct rl_object *object, const char *name)
{
	int (*function)(void) = (int (*)(void))(uintptr_t)stub_symbol(&linker, object, name);
	NEED(function != NULL);
	return function();
}

/* The namespace's list by the letters of the libraries' names. */
static void list_expect(const char *expected, int line)
{
	char text[64];
	size_t count = 0;
	for (struct rl_object *object = linker.base.first; object != NULL; object = object->next) {
		const char *name = strrchr(object->path, '/') + 4;
		text[count++] = strncmp(name, "program", 7) == 0 ? 'p' : name[0];
		CHECK(object->next == NULL || object->next->previous == object);
		CHECK(rl_address_find(&linker.addresses, object->map_start) == object);
		CHECK(rl_address_find(&linker.addresses, object->map_end - 1) == object);
	}
	text[count] = '\0';
	CHECK(linker.base.count == count);
	if (strcmp(text, expected) != 0) {
		fprintf(stderr, "%s:%d: objects %s, expected %s\n", __FILE__, line, text, expected);
		check_failures++;
	}
}
#define LIST(expected) list_expect(expected, __LINE__)

static void order_check(void)
{
	struct rl_object *a = opened("liba.so", false);
	LIST("pabcd");
	EVENTS("DCBA");
	CHECK(a->closure.count == 4 && a->closure.items[0] == a && a->sorted.items[0] == a);
	CHECK(call(a, "in_a") == 2 * 'p'); /* the global scope comes first */
	struct rl_object *again = opened("liba.so", false), *d = opened("libd.so", false);
	CHECK(again == a && a->open_count == 2 && d->open_count == 1);
	EVENTS("");
	closed(a);
	LIST("pabcd");
	closed(a);
	LIST("pd");
	EVENTS("abc");
	closed(d);
	LIST("p");
	EVENTS("d");
	struct rl_object *x = opened("libx.so", false);
	LIST("pxy");
	EVENTS("YX");
	closed(x);
	LIST("p");
	EVENTS("yx"); /* as the original closes a cycle */
}

static void scopes_check(void)
{
	struct rl_object *wants = NULL, *b = opened("libb.so", false);
	EVENTS("DB");
	CHECK(open_by(program, "libwants.so", false, &wants) == RL_SYMBOL_UNDEFINED); /* b is local */
	LIST("pbd");
	struct rl_object *same = opened("libb.so", true);
	CHECK(same == b && b->is_global);
	wants = opened("libwants.so", false);
	CHECK(*((int *(*)(void))(uintptr_t)stub_symbol(&linker, wants, "wants"))() == 7);
	EVENTS("W");
	/* The binding keeps b. */
	closed(b);
	closed(b);
	LIST("pbdw");
	EVENTS("");
	struct rl_diag diag = RL_DIAG_NONE;
	CHECK(rl_close(&linker, b, &diag) == RL_REQUEST_NOT_OPEN);
	rl_diag_drop(&diag);
	closed(wants);
	LIST("p");
	EVENTS("wbd");
	CHECK(linker.base.global_list.count == 1);
	struct rl_object *self = opened("libself.so", false);
	CHECK(call(self, "self_who") == 's');
	closed(self);
	LIST("p");
}

static void relocation_check(void)
{
	struct rl_object *pic = opened("libpic.so", false);
	int **pointers = stub_symbol(&linker, pic, "pointers"), *table = stub_symbol(&linker, pic, "table");
	CHECK(pointers[0] == &table[2] && *pointers[0] == 3 && *pointers[1] == 5 && pointers[3] == NULL);
	CHECK(pointers[2] == stub_symbol(&linker, program, "shared_value") && *pointers[2] == 1);
	CHECK((*(int (**)(void))stub_symbol(&linker, pic, "selected_pointer"))() == 99);
	CHECK(call(pic, "call_selected") == 99 && call(pic, "call_who") == 'l');
	CHECK((*(int (**)(void))stub_symbol(&linker, pic, "who_pointer"))() == 'l');
	const char *zero = stub_symbol(&linker, pic, "zero");
	for (size_t i = 0; i < 9000; i++)
		NEED(zero[i] == 0);
	closed(pic);
	LIST("p");
}

/* The slot of a lazily bound call, bound as the trampoline would. */
static void lazy_check(void)
{
	struct rl_diag diag = RL_DIAG_NONE;
	struct rl_object *lazy = NULL;
	struct rl_open_request request = {.name = "liblazy.so", .caller = program, .is_lazy = true};
	NEED(rl_open(&linker, &linker.base, &request, &lazy, &diag) == RL_OK);
	CHECK(lazy->is_lazy && lazy->dynamic.plt.count == 1);
	const Elf64_Rela *rela = lazy->dynamic.plt.start;
	uintptr_t *slot = (uintptr_t *)(lazy->image.bias + rela->r_offset);
	CHECK(*slot >= lazy->map_start && *slot < lazy->map_end);
	uintptr_t target = rl_lazy_bind(lazy, 0);
	CHECK(target == (uintptr_t)stub_symbol(&linker, program, "who") && *slot == target);
	CHECK(call(lazy, "lazy_who") == 'p');
	closed(lazy);
	LIST("p");
}

/* A failure must leave the process as it was: mappings, lists, names, scopes. */
static void rollback_check(const char *name, enum rl_status expected)
{
	static struct maps before, after;
	struct rl_object *b = opened("libb.so", false), *none = NULL;
	EVENTS("DB");
	struct rl_pin *pins = atomic_load(&b->pins);
	size_t closure = b->closure.count, scopes = atomic_load(&b->search)->count;
	for (int turn = 0; turn < 3; turn++) {
		maps_take(&before);
		enum rl_status status = open_by(b, name, turn & 1, &none);
		maps_take(&after);
		if (status != expected)
			fprintf(stderr, "%s: status %d, expected %d\n", name, (int)status, (int)expected);
		CHECK(status == expected && none == NULL);
		LIST("pbd");
		EVENTS("");
		CHECK(b->closure.count == closure && atomic_load(&b->search)->count == scopes && b->pins == pins);
		CHECK(rl_namespace_find(&linker.base, name) == NULL && !linker.is_changing);
		for (struct rl_object *object = linker.base.first; object != NULL; object = object->next)
			CHECK(!object->mark && object->is_relocated);
		if (turn > 0 && !maps_equal(&before, &after)) { /* the first one may have grown the heap */
			CHECK(!"the mappings are the same");
			maps_show_new(&before, &after);
		}
	}
	closed(b);
	LIST("p");
	EVENTS("bd");
}

static void unique_check(void)
{
	struct rl_object *u1 = opened("libu1.so", false), *u2 = opened("libu2.so", false);
	EVENTS("12");
	int *one = ((int *(*)(void))(uintptr_t)stub_symbol(&linker, u1, "uniq_1"))();
	int *two = ((int *(*)(void))(uintptr_t)stub_symbol(&linker, u2, "uniq_2"))();
	CHECK(one == two && *one == 11 && u1->unique_count == 1 && u2->unique_count == 0);
	closed(u2);
	closed(u1);
	EVENTS(";");
	LIST("pu");
}

/* A failed open chose a symbol of a library that was there, and gave a TLS id that its resolvers may have used. */
static void failure_check(void)
{
	struct rl_object *tells = opened("libtells.so", true), *none = NULL;
	CHECK(open_by(program, "libasks.so", false, &none) == RL_SYMBOL_UNDEFINED && none == NULL);
	CHECK(tells->unique_count == 0 && linker.tentative == NULL && linker.opener == 0);
	closed(tells);
	LIST("p");
	size_t generation = atomic_load(&linker.tls.generation);
	CHECK(open_by(program, "libthread.so", false, &none) == RL_SYMBOL_UNDEFINED);
	const struct rl_tls_table *table = atomic_load(&linker.tls.table);
	CHECK(table->slots[1].object == NULL && table->slots[1].generation > generation);
	CHECK(table->slots[1].generation == linker.tls.generation);
}

/* Whoever caused a load is remembered for its search path, and must be forgotten when it goes. */
static void loader_check(void)
{
	struct rl_object *b = opened("libb.so", false), *self = NULL;
	CHECK(b->loader == NULL && b->needed.items[0]->loader == b);
	CHECK(open_by(b, "libself.so", false, &self) == RL_OK && self->loader == NULL);
	closed(self);
	linker.rules.caller_is_loader = true;
	CHECK(open_by(b, "libself.so", false, &self) == RL_OK && self->loader == b);
	closed(b);
	EVENTS("DBbd");
	CHECK(self->loader == NULL);
	closed(self);
	linker.rules.caller_is_loader = false;
}

static enum rl_status open_with(struct rl_namespace *namespace, const struct rl_open_request *request,
				struct rl_object **out_object)
{
	struct rl_diag diag = RL_DIAG_NONE;
	enum rl_status status = rl_open(&linker, namespace, request, out_object, &diag);
	CHECK(status == diag.status);
	rl_diag_drop(&diag);
	return status;
}

static enum rl_status open_in(struct rl_namespace *namespace, const char *name, size_t limit,
			      struct rl_object **out_object)
{
	struct rl_open_request request = {.name = name, .caller = program, .namespace_limit = limit};
	return open_with(namespace, &request, out_object);
}

/* Namespaces: copies of their own, a global scope of their own, numbers that are used again. */
static void namespace_check(void)
{
	struct rl_object *one = NULL, *two = NULL, *other = NULL, *base = opened("libself.so", false);
	CHECK(open_in(NULL, "libm.so", 3, &one) == RL_OK && one->namespace->id == 1 && one->namespace->count == 2);
	CHECK(open_in(NULL, "libself.so", 3, &two) == RL_OK && two->namespace->id == 2 && two->namespace->count == 1);
	CHECK(base != two && stub_symbol(&linker, base, "self_who") != stub_symbol(&linker, two, "self_who"));
	CHECK(rl_namespace_at(&linker, 1) == one->namespace && rl_namespace_at(&linker, 3) == NULL);
	CHECK(open_in(NULL, "libn.so", 3, &other) == RL_REQUEST_NAMESPACES);
	/* What began the namespace is global in it, and nowhere else; nothing else is. */
	struct rl_object *wants = NULL, *unwanted = NULL;
	CHECK(open_in(one->namespace, "libwantsn.so", 3, &wants) == RL_OK);
	CHECK(((void *(*)(void))(uintptr_t)stub_symbol(&linker, wants, "wants"))() == stub_symbol(&linker, one, "only_n"));
	CHECK(open_in(two->namespace, "libwantsn.so", 3, &unwanted) == RL_SYMBOL_UNDEFINED);
	CHECK(two->namespace->count == 1 && one->namespace->count == 3);
	struct rl_open_request globally = {.name = "libn.so", .caller = program, .is_global = true};
	CHECK(open_with(two->namespace, &globally, &other) == RL_OK);
	CHECK(open_in(two->namespace, "libwantsn.so", 3, &unwanted) == RL_OK);
	closed(unwanted);
	closed(other);
	closed(two);
	CHECK(rl_namespace_at(&linker, 2) == NULL);
	/* A namespace whose first object cannot be opened stays empty. */
	CHECK(open_in(NULL, "libundefined.so", 3, &other) == RL_SYMBOL_UNDEFINED);
	CHECK(open_in(NULL, "libmissing.so", 3, &other) == RL_FILE_NOT_FOUND && rl_namespace_at(&linker, 2) == NULL);
	CHECK(open_in(NULL, "libwantsn.so", 3, &other) == RL_SYMBOL_UNDEFINED);
	CHECK(open_in(NULL, "libn.so", 3, &two) == RL_OK && two->namespace->id == 2);
	closed(wants);
	closed(one);
	closed(base);
	closed(two);
	CHECK(linker.base.next->first == NULL && linker.base.next->next->next == NULL);
}

/* A process that opens and closes for ever does not grow. */
static void endurance_check(void)
{
	static struct maps before, after;
	for (int i = 0; i < 300; i++) {
		if (i == 30)
			maps_take(&before);
		struct rl_object *a = opened("liba.so", i % 3 == 0), *x = opened("libx.so", i % 5 == 0);
		closed(i % 2 ? a : x);
		closed(i % 2 ? x : a);
		memset(events(), 0, 256);
		*(int *)stub_symbol(&linker, program, "event_count") = 0;
	}
	maps_take(&after);
	if (!maps_equal(&before, &after)) {
		CHECK(!"the mappings are the same");
		maps_show_new(&before, &after);
	}
}

int main(void)
{
	stub_folder_make();
	libraries_build();
	stub_linker_make(&linker);
	program = stub_program(&linker, "libprogram.so");
	LIST("p");
	order_check();
	scopes_check();
	relocation_check();
	lazy_check();
	rollback_check("libmissing.so", RL_FILE_NOT_FOUND);
	rollback_check("libundefined.so", RL_SYMBOL_UNDEFINED);
	rollback_check("libshort.so", RL_FILE_UNREADABLE);
	rollback_check("libcut.so", RL_FILE_TOO_SHORT);
	rollback_check("libnowhere.so", RL_FILE_NOT_FOUND);
	rollback_check("libwants.so", RL_SYMBOL_UNDEFINED);
	failure_check();
	loader_check();
	namespace_check();
	endurance_check();
	unique_check();
	stub_folder_drop();
	return check_result();
}
