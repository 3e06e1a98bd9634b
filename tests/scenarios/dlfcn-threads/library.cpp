#include <stdexcept>

static thread_local int counter = 5;

extern "C" int work(int x)
{
	try {
		if (x % 3 == 0)
			throw std::runtime_error("three");
		counter++;
	} catch (const std::exception &) {
		return -1;
	}
	return x + 1;
}
