// What the host calls.
#include "program.h"
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>

static noted first("main-1");
static std::map<std::string, int> table = {{"one", 1}, {"two", 2}};

static int fail(int line)
{
	std::printf("main.cpp:%d\n", line);
	return line;
}
#define MUST(condition) do { if (!(condition)) return fail(__LINE__); } while (0)

struct ended {
	int **flag;
	~ended() { if (*flag != nullptr) **flag += 1; }
};
static int *end_flag;
static ended at_end{&end_flag};

extern "C" int program_run(int *flag)
{
	end_flag = flag;
	MUST(order().size() == 4 && order()[0] == "main-1" && order()[1] == "shapes-1" && order()[2] == "shapes-2"
	     && order()[3] == "threads");
	std::unique_ptr<shape> one(shape_make("rectangle")), two(shape_make("square"));
	MUST(one->area() == 12 && two->area() == 25 && two->name() == "square");
	const shape &rectangular = *one, &other = *two;
	MUST(dynamic_cast<const rectangle *>(&other) != nullptr && typeid(rectangular) == typeid(rectangle)
	     && typeid(other) != typeid(rectangle));
	MUST(counter<long>() == 2 + (int)sizeof(long) && counter<char>() == 1);
	int code = 0;
	try {
		shape_make("circle");
	} catch (const std::exception &error) {
		code = dynamic_cast<const program_error &>(error).code;
		MUST(std::string(error.what()) == "no such shape: circle");
	}
	MUST(code == 404);
	try {
		deep_throw(20);
	} catch (program_error &error) {
		code = error.code;
	}
	MUST(code == 2 + 21 + (int)sizeof(long) && counter<long>() == 2 + (int)sizeof(long));
	int made = trackers_made, finished = trackers_ended;
	int sum = threads_run(4);
	MUST(sum == 1000 + (1 + 2 + 3 + 4) + 4 * 12);
	MUST(trackers_made == made + 4 && trackers_ended == finished + 4);
	tracked.count = 5;
	std::ostringstream out;
	out << table["one"] + table["two"] << ' ' << 1.5;
	MUST(out.str() == "3 1.5");
	std::sort(order().begin(), order().end());
	std::function<int(int)> twice = [&](int x) { return x * 2 + tracked.count; };
	MUST(twice(4) == 13);
	return 0;
}

// A standard exception, and one of the host's that passes through frames of this file.
extern "C" int program_throw(int x)
{
	throw std::out_of_range(std::to_string(x) + " is out of range");
}

extern "C" int program_call(int (*callback)(int), int x, int *unwound)
{
	struct guard {
		int *count;
		~guard() { ++*count; }
	} g{unwound};
	try {
		return callback(x);
	} catch (const std::length_error &) {
		return -1;
	}
}
