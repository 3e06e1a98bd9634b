#include <iostream>
#include <locale>
#include <sstream>
#include <typeinfo>

struct base {
	virtual ~base() {}
};

struct derived : base {};

int main()
{
	base *object = new derived;
	std::ostringstream text;

	std::cout << "cout " << 42 << ' ' << 1.5 << std::endl;
	std::cerr << "cerr" << std::endl;
	text << std::hex << 255;
	std::cout << text.str() << ' ' << (typeid(*object) == typeid(derived)) << ' ' << typeid(*object).name() << '\n';
	delete object;
	try {
		std::locale("no such locale");
	} catch (const std::runtime_error &e) {
		std::cout << "no such locale\n";
	}
	return 0;
}
