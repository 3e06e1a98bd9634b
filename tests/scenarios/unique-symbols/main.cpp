#include <cstdio>
#include <dlfcn.h>

using bump_type = int (*)();
using address_type = int *(*)();

int main()
{
	const char *names[] = {"libone.so", "libtwo.so", "libdeep.so"};
	int flags[] = {RTLD_LOCAL, RTLD_LOCAL, RTLD_DEEPBIND};
	void *handles[3];
	int *addresses[3];

	for (int i = 0; i < 3; i++) {
		handles[i] = dlopen(names[i], RTLD_NOW | flags[i]);
		std::printf("%s %d\n", names[i], reinterpret_cast<bump_type>(dlsym(handles[i], "bump"))());
		addresses[i] = reinterpret_cast<address_type>(dlsym(handles[i], "address"))();
	}
	std::printf("same %d %d\n", addresses[0] == addresses[1], addresses[0] == addresses[2]);
	for (void *handle : handles)
		std::printf("dlclose %d\n", dlclose(handle));
	for (const char *name : names)
		std::printf("%s %s\n", name, dlopen(name, RTLD_NOW | RTLD_NOLOAD) ? "stays" : "gone");
	void *again = dlopen("libone.so", RTLD_NOW);
	std::printf("%d\n", reinterpret_cast<bump_type>(dlsym(again, "bump"))());
	return 0;
}
