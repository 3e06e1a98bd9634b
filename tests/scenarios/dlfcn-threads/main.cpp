#include <atomic>
#include <cstdio>
#include <dlfcn.h>
#include <link.h>
#include <stdexcept>
#include <thread>
#include <vector>

static std::atomic<int> failures, walks;
static std::atomic<bool> stop;

static void opener(int id)
{
	const char *names[] = {"liba.so", "libb.so", "libc-dep.so"};

	for (int i = 0; i < 150; i++) {
		void *handle = dlopen(names[(i + id) % 3], i % 2 ? RTLD_NOW : RTLD_LAZY);
		if (!handle) {
			std::puts(dlerror());
			failures++;
			continue;
		}
		auto work = reinterpret_cast<int (*)(int)>(dlsym(handle, "work"));
		if (work(i) != (i % 3 ? i + 1 : -1))
			failures++;
		if (dlsym(handle, "no_such_symbol") || !dlerror())
			failures++;
		if (dlclose(handle))
			failures++;
	}
}

static void walker()
{
	while (!stop) {
		dl_iterate_phdr([](dl_phdr_info *info, size_t, void *) { return info->dlpi_phnum == 0 ? 1 : 0; }, nullptr);
		try {
			throw 1;
		} catch (int) {
			walks++;
		}
		Dl_info info;
		if (!dladdr(reinterpret_cast<void *>(&walker), &info))
			failures++;
	}
}

int main()
{
	std::vector<std::thread> threads;
	std::thread one(walker), two(walker);

	for (int i = 0; i < 6; i++)
		threads.emplace_back(opener, i);
	for (auto &thread : threads)
		thread.join();
	while (!walks)
		std::this_thread::yield(); /* a busy machine may not have let the walkers run yet */
	stop = true;
	one.join();
	two.join();
	std::printf("failures %d, walks %s\n", failures.load(), walks ? "some" : "none");
	for (const char *name : {"liba.so", "libb.so", "libc-dep.so"})
		std::printf("%s %s\n", name, dlopen(name, RTLD_NOW | RTLD_NOLOAD) ? "stays" : "gone");
	return 0;
}
