#include "throw.h"

special::~special() {}

void throw_special(int n)
{
	throw special("from the library", n);
}

void call_back(void (*function)())
{
	try {
		function();
	} catch (int &n) {
		throw special("an int became special", n);
	}
}
