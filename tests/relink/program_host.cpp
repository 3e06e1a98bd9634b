// A C++ program of several files, compiled in many ways, runs as relocatable files in a host that has its C++ library:
// exceptions pass both ways.  The same in a host that has none is test_program.c.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <relink.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

static int failures;

static void must(bool holds, const std::string &what)
{
	if (!holds) {
		std::fprintf(stderr, "%s\n", what.c_str());
		failures++;
	}
}

static int callback(int x)
{
	if (x == 0)
		throw std::invalid_argument("of the host");
	if (x == 1)
		throw std::length_error("caught there");
	return x;
}

static relink_module *build_and_link(relink_context *context, const std::string &sources, const std::string &command)
{
	std::vector<relink_input> inputs;
	static const char *const names[] = {"main.o", "shapes.o", "threads.o"};
	for (const char *name : names) {
		std::string stem(name, std::strlen(name) - 2);
		std::string line = command + " -std=c++17 -c -o " + name + " " + sources + "/" + stem + ".cpp";
		if (std::system(line.c_str()) != 0)
			must(false, line);
		inputs.push_back(relink_path(name));
	}
	relink_module *module = nullptr;
	relink_error error;
	if (relink_link(context, "program", inputs.data(), inputs.size(), nullptr, &module, &error) != RELINK_OK) {
		char text[900];
		relink_error_format(&error, text, sizeof text);
		must(false, command + ": " + text);
	}
	return module;
}

static void program_test(relink_context *context, const std::string &sources, const std::string &command)
{
	relink_module *module = build_and_link(context, sources, command);
	if (module == nullptr)
		return;
	int ended = 0, unwound = 0;
	auto run = RELINK_GET(module, int (*)(int *), "program_run");
	auto raise = RELINK_GET(module, int (*)(int), "program_throw");
	auto call = RELINK_GET(module, int (*)(int (*)(int), int, int *), "program_call");
	int result = -1;
	std::thread([&] { result = run(&ended); }).join();
	must(result == 0, command + ": program_run: " + std::to_string(result));
	try {
		raise(42);
		must(false, "no exception");
	} catch (const std::out_of_range &error) {
		must(std::string(error.what()) == "42 is out of range", error.what());
	}
	try {
		call(callback, 0, &unwound);
		must(false, "no exception through");
	} catch (const std::invalid_argument &error) {
		must(std::string(error.what()) == "of the host" && unwound == 1, "through");
	}
	must(call(callback, 1, &unwound) == -1 && call(callback, 7, &unwound) == 7 && unwound == 3, "caught there");
	must(ended == 0, "too early");
	relink_unref(module);
	must(ended == 1, command + ": static objects were not destroyed");
}

int main(int, char **argv)
{
	char folder[] = "/tmp/relink-test-XXXXXX";
	std::string sources = argv[1];
	if (mkdtemp(folder) == nullptr || chdir(folder) != 0)
		return 1;
	relink_context *context = nullptr;
	relink_error error;
	if (relink_context_new(RELINK_HOST_SYMBOLS, &context, &error) != RELINK_OK)
		return 1;
	for (const char *flags : {"-O0 -g", "-O1 -fno-pic", "-O2 -fPIC -mcmodel=large -mtls-dialect=gnu2 -ffunction-sections"})
		program_test(context, sources, std::string("g++ ") + flags);
	if (std::system("command -v clang++ >/dev/null") == 0)
		for (const char *flags : {"-O2", "-O1 -fno-pic"})
			program_test(context, sources, std::string("clang++ ") + flags);
	relink_context_free(context);
	if (chdir("/") != 0 || std::system((std::string("rm -r ") + folder).c_str()) != 0)
		return 1;
	if (failures == 0)
		std::puts("ok");
	return failures != 0;
}
