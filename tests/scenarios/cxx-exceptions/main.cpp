#include <cstdio>
#include <dlfcn.h>
#include <thread>

#include "throw.h"

static void use_opened(const char *who)
{
	for (int i = 0; i < 3; i++) {
		void *handle = dlopen("libopened.so", RTLD_NOW);

		if (!handle) {
			std::printf("%s\n", dlerror());
			return;
		}
		auto catcher = reinterpret_cast<int (*)(int)>(dlsym(handle, "opened_catch"));
		auto thrower = reinterpret_cast<void (*)(int)>(dlsym(handle, "opened_throw"));

		std::printf("%s %d\n", who, catcher(i));
		try {
			thrower(i);
		} catch (const std::exception &e) {
			std::printf("%s caught %s\n", who, e.what());
		}
		std::printf("dlclose %d\n", dlclose(handle));
	}
}

int main()
{
	try {
		throw_special(7);
	} catch (const special &e) {
		std::printf("%s %d\n", e.what(), e.number);
	}
	try {
		call_back([] { throw 5; });
	} catch (const std::runtime_error &e) {
		std::printf("%s\n", e.what());
	}
	use_opened("main");
	std::thread([] { use_opened("thread"); }).join();
	use_opened("main again");
	try {
		std::string("short").at(100);
	} catch (const std::out_of_range &e) {
		std::printf("%s\n", e.what());
	}
	return 0;
}
