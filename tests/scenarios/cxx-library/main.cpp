#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <regex>
#include <sstream>
#include <vector>

#include "order.h"

struct derived : registry {
	const char *name() const override { return "derived"; }
};

static struct filler {
	filler() { global_registry.entries["from a static constructor"] = 1; }
	~filler() { std::cout << "filler gone" << std::endl; }
} fill;

int main()
{
	std::smatch match;
	std::string text = "key = value";
	std::vector<std::unique_ptr<registry>> objects;

	std::cout << std::regex_search(text, match, std::regex("(\\w+) *= *(\\w+)")) << ' ' << match[1] << ' ' << match[2] << '\n';
	std::cout << std::filesystem::exists("/etc/passwd") << ' ' << std::filesystem::path("/a/b.c").extension() << '\n';
	std::cout << std::setprecision(3) << 3.14159 << ' ' << std::hex << 255 << std::dec << ' ' << std::boolalpha << true << '\n';
	registry::instance().entries["x"] = 2;
	objects.push_back(std::make_unique<derived>());
	std::cout << objects[0]->name() << ' ' << (dynamic_cast<derived *>(objects[0].get()) != nullptr) << std::endl;
	std::cout << global_registry.entries.size() << std::endl;
	return 0;
}
