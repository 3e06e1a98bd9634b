#include <stdexcept>
#include <string>

void throw_deep(int depth)
{
	struct guard {
		std::string text = "a text that is too long for the small buffer";
		~guard() { text.clear(); }
	} object;

	if (depth == 0)
		throw std::logic_error("from the depth");
	throw_deep(depth - 1);
}
