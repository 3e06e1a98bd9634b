/* What compilers and link editors emit today (the list of gaps U1-U24 of the library that this one re-creates), TLS in
 * threads, C++ exceptions, the order of constructors and destructors as dlopen has it. */
#include <pthread.h>

#include "check.h"

static relink_context *context;

static int answer(const char *name, const char *source, const char *flags)
{
	char path[128];
	check_library(name, source, flags);
	snprintf(path, sizeof path, "./%s", name);
	relink_module *module = check_load(context, path, 0);
	int result = check_call(module, "answer");
	relink_unref(module);
	CHECK(!check_is_mapped(name));
	return result;
}

static void relocations_test(void)
{
	const char *pointers = "int a = 1, b = 2; static int c = 3; struct __attribute__((packed)) { char x; int *p; } s = {1, &c};"
			       "int *t[] = {&c, &c, &c}; int answer(void) { return *s.p + *t[1]; }";
	CHECK(answer("u1.so", pointers, "-Wl,-z,pack-relative-relocs") == 6);
	CHECK(answer("u2.so", pointers, "-Wl,-z,nocombreloc") == 6);
	CHECK(answer("u8.so", "extern char here[]; int answer(void) { return (int)(long)here; }", "-Wl,--defsym=here=0x1234") == 0x1234);
	CHECK(answer("u9.so", "__attribute__((aligned(65536))) int x = 5; int answer(void) { return x + (int)((long)&x & 65535); }",
		     "") == 5);
	CHECK(answer("u11.so", "int f(void) { return 4; } int answer(void) { int r; __asm__(\"movabs $f, %%rax; call *%%rax\" : \"=a\"(r) :: \"rcx\", \"rdx\", \"rsi\", \"rdi\", \"r8\", \"r9\", \"r10\", \"r11\", \"memory\"); return r; }",
		     "-Wl,-z,notext -Wl,--warn-shared-textrel 2>/dev/null") == 4);
	CHECK(answer("sysv.so", "int f(void) { return 8; } int answer(void) { return f(); }", "-Wl,--hash-style=sysv") == 8);
	CHECK(answer("ifunc.so", "static int c(void) { return 9; } static void *r(void) { return c; } int f(void) __attribute__((ifunc(\"r\")));"
				 "int (*p)(void) = f; int answer(void) { return f() + p(); }", "") == 18);
	CHECK(answer("weak.so", "extern int none(void) __attribute__((weak)); int answer(void) { return none == 0; }", "") == 1);
	CHECK(answer("protected.so", "__attribute__((visibility(\"protected\"))) int f(void) { return 3; } int (*p)(void) = f;"
				     "int answer(void) { return p == f ? f() : 0; }", "") == 3);
	CHECK(answer("empty.so", "int answer(void) { return 2; } char big[3 << 20]; ", "-Wl,-z,max-page-size=0x200000") == 2);
}

static void tls_models_test(void)
{
	CHECK(answer("u4.so", "__thread int first = 6, second = 7; int answer(void) { return first * second; }", "") == 42);
	CHECK(answer("u6.so", "__thread int first = 6; __thread int second __attribute__((aligned(64))) = 7;"
			      "int answer(void) { double d = 0.5; int r = first * second; return d * 2 * r + (int)((long)&second & 63); }",
		     "-mtls-dialect=gnu2") == 42);
	CHECK(answer("ld.so", "static __thread int a = 1, b = 2; int answer(void) { return a + b; }", "") == 3);
	CHECK(answer("errno.so", "#include <errno.h>\nint answer(void) { errno = 5; return errno; }", "") == 5);
}

static relink_module *threaded;

static void *thread_run(void *argument)
{
	(void)argument;
	int (*count)(void) = RELINK_GET(threaded, int (*)(void), "count");
	int *variable = relink_get(threaded, "counter");
	return (void *)(long)(count() == 101 && count() == 102 && *variable == 102);
}

static void threads_test(void)
{
	pthread_t threads[8];
	check_library("threads.so", "__thread int counter = 100; int count(void) { return ++counter; }", "");
	for (int round = 0; round < 3; round++) {
		threaded = check_load(context, "./threads.so", 0);
		for (int i = 0; i < 8; i++)
			NEED(pthread_create(&threads[i], NULL, thread_run, NULL) == 0);
		CHECK(thread_run(NULL) != NULL);
		for (int i = 0; i < 8; i++) {
			void *result;
			pthread_join(threads[i], &result);
			CHECK(result != NULL);
		}
		relink_unref(threaded);
	}
}

/* Constructors with priorities, DT_INIT beside DT_INIT_ARRAY, arguments, dependencies: as the system's dlopen calls them. */
static void order_test(void)
{
	static const char source[] =
		"extern void note(int) __attribute__((weak)); extern int arguments; extern int dep(void);"
		"__attribute__((constructor(101))) static void a(int c, char **v, char **e) { note(1); if (c > 0 && v[0] && v[c] == 0 && e[0]) note(9); }"
		"__attribute__((constructor(102))) static void b(void) { note(2); }"
		"__attribute__((destructor(101))) static void c(void) { note(3); }"
		"__attribute__((destructor(102))) static void d(void) { note(4); }"
		"void begin(void) { note(5); } void end(void) { note(6); } int use(void) { return dep(); }";
	check_library("libnote.so", "char notes[64]; static int n; void note(int x) { notes[n++] = 'a' + x; }", "");
	check_library("liborderdep.so",
		      "void note(int); __attribute__((constructor)) static void a(void) { note(10); }"
		      "__attribute__((destructor)) static void b(void) { note(11); } int dep(void) { return 1; }",
		      "-lnote -Wl,-rpath,'$ORIGIN'");
	check_library("liborder.so", source,
		      "-Wl,-init,begin -Wl,-fini,end -lorderdep -lnote -Wl,-rpath,'$ORIGIN'");
	char ours[64];
	relink_module *note = check_load(context, "./libnote.so", 0), *order = check_load(context, "./liborder.so", 0);
	relink_unref(order);
	strcpy(ours, relink_get(note, "notes"));
	relink_unref(note);
	CHECK(check_notes(ours, "./libnote.so", "./liborder.so", "order") && strlen(ours) == 9);
}

static void init_test(void)
{
	relink_info info;
	check_library("libinit.so", "int done; __attribute__((constructor)) static void a(void) { done++; }", "");
	relink_module *module = check_load(context, "./libinit.so", RELINK_DEFER_INIT);
	int *done = relink_get(module, "done");
	relink_get_info(module, &info);
	CHECK(*done == 0 && !info.is_initialized);
	CHECK(relink_initialize(module) == RELINK_OK && *done == 1);
	CHECK(relink_initialize(module) == RELINK_OK && *done == 1);
	relink_get_info(module, &info);
	CHECK(info.is_initialized);
	relink_unref(module);
}

/* Exceptions through frames of ours, with libstdc++ loaded by us; thread_local objects with destructors. */
static void exceptions_test(void)
{
	check_build("c++", "cpp", "libthrow.so",
		    "#include <stdexcept>\n#include <string>\n"
		    "struct T { int *p = nullptr; ~T() { if (p) ++*p; } }; thread_local T t; int ended;"
		    "extern \"C\" int (*callback)(int) ; int (*callback)(int);"
		    "static int deep(int n) { if (n == 0) throw std::runtime_error(\"deep\"); return deep(n - 1) + 1; }"
		    "extern \"C\" int answer() { try { return deep(10); } catch (const std::exception &e) { return (int)std::string(e.what()).size(); } }"
		    "extern \"C\" int *touch() { t.p = &ended; return &ended; }",
		    "-shared -fPIC");
	relink_context *cpp = check_context(0);
	NEED(relink_search_system(cpp) == RELINK_OK);
	relink_module *module = check_load(cpp, "./libthrow.so", 0);
	CHECK(check_call(module, "answer") == 4);
	pthread_t thread;
	void *ended;
	NEED(pthread_create(&thread, NULL, RELINK_GET(module, void *(*)(void *), "touch"), NULL) == 0);
	pthread_join(thread, &ended);
	CHECK(*(int *)ended == 1);
	relink_unref(module);
	CHECK(!check_is_mapped("libthrow.so"));
	relink_context_free(cpp);
}

/* Inputs that the guest of another linker cannot serve are errors. */
static void limits_test(void)
{
	relink_error error;
	check_library("libstack.so", "int answer(void) { return 1; }", "-Wl,-z,execstack");
	relink_input input = relink_path("./libstack.so");
	CHECK(check_refused(context, &input, 0, &error) == RELINK_E_STACK);
	/* A name that is not UTF-8. */
	check_library("libname.so", "__asm__(\".globl \\\"n\\377m\\\"\\n.type \\\"n\\377m\\\",@function\\n\\\"n\\377m\\\": mov $5, %eax; ret\");",
		      "");
	relink_module *module = check_load(context, "./libname.so", 0);
	CHECK(check_call(module, "n\377m") == 5);
	relink_unref(module);
}

int main(void)
{
	check_begin();
	context = check_context(0);
	relocations_test();
	tls_models_test();
	threads_test();
	order_test();
	init_test();
	exceptions_test();
	limits_test();
	relink_context_free(context);
	return check_end();
}
