// A program of several files, loaded as relocatable files: what they share.
#pragma once
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

class program_error : public std::runtime_error {
public:
	program_error(const std::string &what, int code) : std::runtime_error(what), code(code) {}
	int code;
};

struct shape {
	virtual ~shape();
	virtual int area() const = 0;
	virtual std::string name() const { return "shape"; }
};

struct rectangle : shape {
	rectangle(int width, int height);
	~rectangle() override;
	int area() const override;
	std::string name() const override { return "rectangle"; }
	int width, height;
};

// One counter in the program, though several files define it.
template <typename T> inline int &counter()
{
	static int value = sizeof(T);
	return value;
}

inline std::vector<std::string> &order()
{
	static std::vector<std::string> names;
	return names;
}

struct noted {
	explicit noted(const char *name) { order().push_back(name); }
};

struct tracker {
	tracker();
	~tracker();
	int count = 0;
};
extern thread_local tracker tracked;
extern int trackers_made, trackers_ended;

shape *shape_make(const std::string &kind);
int threads_run(int count);
int deep_throw(int depth);
