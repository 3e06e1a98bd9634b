#include <cstdio>
#include <dlfcn.h>
#include <thread>

struct noisy {
	const char *name;
	explicit noisy(const char *n) : name(n) { std::printf("%s made\n", name); }
	~noisy() { std::printf("%s destroyed\n", name); std::fflush(stdout); }
};

static thread_local noisy a("thread_local a");
static thread_local noisy b("thread_local b");
static noisy global("global");

static void touch()
{
	std::printf("%s %s\n", a.name, b.name);
}

static bool loaded()
{
	void *handle = dlopen("libplug.so", RTLD_NOW | RTLD_NOLOAD);
	if (handle)
		dlclose(handle);
	return handle != nullptr;
}

int main()
{
	touch();
	std::thread(touch).join();
	std::thread([] {
		void *handle = dlopen("libplug.so", RTLD_NOW);
		auto use = reinterpret_cast<void (*)()>(dlsym(handle, "plug_use"));

		use();
		use();
		dlclose(handle);
		std::printf("still loaded while a destructor is pending: %d\n", loaded());
	}).join();
	std::printf("after the thread: %d\n", loaded());
	void *handle = dlopen("libplug.so", RTLD_NOW);
	dlclose(handle);
	std::printf("opened and closed without a use: %d\n", loaded());
	return 0;
}
