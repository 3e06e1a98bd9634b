/* One of many generated libraries.  NUMBER names it; the other macros choose what it has:
 *   TLS_INITIAL_EXEC  a variable in static TLS
 *   TLS_DESTRUCTOR    a thread_local object with a destructor, which keeps the library loaded while threads live
 *   UNIQUE            an STB_GNU_UNIQUE variable, which keeps it loaded for ever
 *   OPENS             its constructor opens library number OPENS, its destructor closes it again
 *   FIRST, SECOND     numbers of the libraries it is linked with */
#include <dlfcn.h>
#include <stdio.h>

#define PASTE_(a, b, c) a##b##c
#define PASTE(a, b, c) PASTE_(a, b, c)
#define NAME(what) PASTE(stress_, NUMBER, _##what)
#define DECLARED(number, what) PASTE(stress_, number, _##what)

struct stress_error {
	int number;
};

extern "C" {
#ifdef FIRST
int DECLARED(FIRST, value)(void);
extern __thread int DECLARED(FIRST, counter);
#endif
#ifdef SECOND
int DECLARED(SECOND, value)(void);
#endif

__thread int NAME(counter) = NUMBER;
int NAME(data)[64] = {NUMBER};
/* Every library defines this: the first one in scope is meant. */
int stress_common(void)
{
	return 1;
}
}

static __thread int local_one = 1, local_zero;
static __thread char local_large[100] = {3};
#ifdef TLS_INITIAL_EXEC
static __thread int fixed __attribute__((tls_model("initial-exec"))) = NUMBER + 1;
#endif
#ifdef TLS_DESTRUCTOR
struct guard {
	int value = NUMBER;
	~guard()
	{
		value = -1;
	}
};
static thread_local guard guarded;
#endif
#ifdef UNIQUE
template <int N> struct holder {
	static inline int value = N;
};
#endif

static int is_constructed;
static void *opened;

__attribute__((constructor)) static void construct()
{
	is_constructed++;
#ifdef OPENS
	char path[32];
	snprintf(path, sizeof path, "libstress_%d.so", OPENS);
	opened = dlopen(path, RTLD_LAZY);
#endif
}

__attribute__((destructor)) static void destroy()
{
	is_constructed--;
	if (opened != NULL)
		dlclose(opened);
}

extern "C" int NAME(value)(void)
{
	int sum = NUMBER;
	if (is_constructed != 1)
		return -1;
#ifdef FIRST
	DECLARED(FIRST, counter)++;
	if (DECLARED(FIRST, value)() < 0)
		return -2;
#endif
#ifdef SECOND
	if (DECLARED(SECOND, value)() < 0)
		return -3;
#endif
	if (NAME(data)[0] != NUMBER)
		return -4;
	return sum;
}

/* 0, or which of the calling thread's variables is wrong.  Each thread has its own, initialised per load. */
extern "C" int NAME(tls)(void)
{
	if (NAME(counter) < NUMBER)
		return 1;
	NAME(counter)++;
	if (local_one - local_zero != 1 || local_one < 1 || local_large[0] != 3 || local_large[99] != 0)
		return 2;
	local_one++;
	local_zero++;
#ifdef TLS_INITIAL_EXEC
	if (fixed < NUMBER + 1)
		return 3;
	fixed++;
#endif
#ifdef TLS_DESTRUCTOR
	if (guarded.value != NUMBER)
		return 4;
#endif
#ifdef UNIQUE
	if (holder<1000>::value != 1000)
		return 5;
#endif
	return 0;
}

static void __attribute__((noinline)) throw_deep(int depth)
{
	if (depth > 0)
		throw_deep(depth - 1);
	else
		throw stress_error{NUMBER};
	__asm__ volatile("");
}

/* Throws into the caller if ESCAPES, else catches itself. */
extern "C" int NAME(throw)(int escapes)
{
	try {
		throw_deep(3);
	} catch (stress_error &error) {
		if (escapes)
			throw;
		return error.number;
	}
	return -1;
}
