#include <cstdio>

#include "throw.h"

struct noisy {
	int count = 0;
	~noisy() { std::printf("thread_local of the opened library destroyed, count %d\n", count); }
};

static thread_local noisy object;

extern "C" int opened_catch(int n)
{
	object.count++;
	try {
		throw_special(n);
	} catch (const special &e) {
		return e.number + 1;
	}
	return -1;
}

extern "C" void opened_throw(int n)
{
	throw special("from the opened library", n);
}
