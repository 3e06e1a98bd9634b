#include <stdexcept>
#include <string>

struct special : std::runtime_error {
	int number;
	special(const std::string &text, int n) : std::runtime_error(text), number(n) {}
	~special() override;
};

void throw_special(int n);
void call_back(void (*function)());
