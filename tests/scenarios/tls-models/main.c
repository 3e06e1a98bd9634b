#include <dlfcn.h>
#include <pthread.h>

#include "scenario.h"

extern __thread int gd_public, ld_public, ie_public, desc_public;
int gd_bump(int), ld_bump(int), ie_bump(int), desc_bump(int);
int *gd_address(void), *ld_address(void), *ie_address(void), *desc_address(void);

static __thread int own = 3;
static __thread long own_zero;
__thread int own_public = 9;

static void *use_all(void *argument)
{
	int by = *(int *)argument;
	static const char *const names[] = {"libopengd.so", "libopenld.so", "libopenie.so", "libopendesc.so"};

	own += by;
	own_zero += by;
	own_public += by;
	SHOW("%d", own);
	SHOW("%ld", own_zero);
	SHOW("%d", own_public);
	SHOW("%d", gd_bump(by));
	SHOW("%d", ld_bump(by));
	SHOW("%d", ie_bump(by));
	SHOW("%d", desc_bump(by));
	CHECK(gd_address() == &gd_public);
	CHECK(ld_address() == &ld_public);
	CHECK(ie_address() == &ie_public);
	CHECK(desc_address() == &desc_public);
	for (unsigned i = 0; i < 4; i++) {
		void *handle = dlopen(names[i], RTLD_NOW);
		int (*bump)(int);
		int *(*address)(void);

		if (!handle) {
			printf("%s: %s\n", names[i], ERROR_TEXT());
			continue;
		}
		bump = dlsym(handle, "opened_bump");
		address = dlsym(handle, "opened_address");
		printf("%s %d\n", names[i], bump(by));
		CHECK(dlsym(handle, "opened_public") == address());
	}
	return NULL;
}

int main(void)
{
	int by[3] = {1, 10, 100};
	pthread_t thread;

	use_all(&by[0]);
	for (int i = 1; i < 3; i++) {
		pthread_create(&thread, NULL, use_all, &by[i]);
		pthread_join(thread, NULL);
	}
	use_all(&by[0]);
	return 0;
}
