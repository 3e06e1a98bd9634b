// A library of cplusplus.cpp's.
#include <mutex>
#include <stdexcept>
#include <string>

struct guard {
	int *count;
	~guard() { --*count; }
};
static int depth;

extern "C" int raise_in_library(int x)
{
	throw std::runtime_error(std::to_string(x) + " in the library");
}

extern "C" int pass_through(int (*callback)(int), int x)
{
	++depth;
	guard g{&depth};
	return callback(x) + depth - 1;
}

// Uses thread-local variables of the process's libstdc++: __once_callable and __once_call.
extern "C" int once_count()
{
	static std::once_flag flag;
	static int count;
	std::call_once(flag, [] { count++; });
	std::call_once(flag, [] { count += 10; });
	return count;
}
