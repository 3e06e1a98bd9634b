// The header in a C++ program; an exception that a loaded library throws through its frames to the host; a library that
// imports thread-local variables of the host's libstdc++.
#include <cstdio>
#include <cstdlib>
#include <elf.h>
#include <relink.h>
#include <stdexcept>
#include <string>
#include <thread>

static int callback(int x)
{
	if (x == 0)
		throw std::runtime_error("from the host");
	return x;
}

static void must(bool holds, const char *what)
{
	if (!holds) {
		std::fprintf(stderr, "%s\n", what);
		std::exit(1);
	}
}

int main(int, char **argv)
{
	relink_context *context = nullptr;
	relink_module *module = nullptr;
	relink_error error;
	relink_input input = relink_path(argv[1]);
	must(relink_context_new(0, &context, &error) == RELINK_OK, "context");
	must(relink_load(context, &input, nullptr, &module, &error) == RELINK_OK, error.file);
	auto raise = RELINK_GET(module, int (*)(int), "raise_in_library");
	auto pass = RELINK_GET(module, int (*)(int (*)(int), int), "pass_through");
	must(raise != nullptr && pass != nullptr, "functions");
	try {
		raise(7);
		must(false, "no exception");
	} catch (const std::runtime_error &e) {
		must(std::string(e.what()) == "7 in the library", "what");
	}
	try {
		pass(callback, 0);
		must(false, "no exception through");
	} catch (const std::runtime_error &e) {
		must(std::string(e.what()) == "from the host", "what through");
	}
	must(pass(callback, 5) == 5, "value");
	auto once_count = RELINK_GET(module, int (*)(), "once_count");
	int counted = 0;
	std::thread([&] { counted = once_count(); }).join();
	must(counted == 1 && once_count() == 1, "call_once");
	relink_unref(module);
	relink_context_free(context);

	relink_scan *scan = nullptr;
	std::size_t names = 0, count = 0;
	must(relink_scan_new(&input, &scan, &error) == RELINK_OK, "scan");
	while (relink_scan_section_name(scan, names) != std::string(".dynsym"))
		names++;
	const Elf64_Sym *symbols = RELINK_VIEW(scan, names, Elf64_Sym, &count, &error);
	must(symbols != nullptr && count > 3 && symbols[0].st_value == 0, "view");
	must(RELINK_VIEW(scan, names, Elf64_Dyn, &count, &error) == nullptr && error.status == RELINK_E_VIEW_SIZE, "size");
	relink_scan_free(scan);
	std::puts("ok");
}
