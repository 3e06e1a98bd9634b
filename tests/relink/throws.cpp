// A library of cplusplus.cpp's.
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
