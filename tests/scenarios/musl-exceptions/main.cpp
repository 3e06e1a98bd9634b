#include <cstdio>
#include <dlfcn.h>
#include <pthread.h>

struct Failure {
	int value;
};

struct Guard {
	const char *name;
	explicit Guard(const char *text) : name(text)
	{
		std::printf("%s begins\n", name);
	}
	~Guard()
	{
		std::printf("%s ends\n", name);
	}
};

extern "C" void thrower(int value);
static Guard global("global");

static void *thread_main(void *argument)
{
	static thread_local Guard local("thread-local");
	try {
		Guard guard(local.name);
		reinterpret_cast<void (*)(int)>(argument)(7);
	} catch (const Failure &failure) {
		std::printf("thread: %d\n", failure.value);
	}
	return nullptr;
}

static void try_with(void (*function)(int), int value)
{
	pthread_t thread;

	try {
		Guard guard("local");
		function(value);
	} catch (const Failure &failure) {
		std::printf("caught %d\n", failure.value);
	}
	pthread_create(&thread, nullptr, thread_main, reinterpret_cast<void *>(function));
	pthread_join(thread, nullptr);
}

int main()
{
	try_with(thrower, 1);
	void *handle = dlopen("libopened.so", RTLD_NOW);
	try_with(reinterpret_cast<void (*)(int)>(dlsym(handle, "thrower")), 2);
	return 0;
}
