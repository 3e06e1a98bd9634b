// Virtual classes, a static object with a destructor, COMDAT functions that main.cpp has, too.
#include "program.h"
#include <memory>

static noted first("shapes-1"), second("shapes-2");

shape::~shape() = default;
rectangle::rectangle(int width, int height) : width(width), height(height) { counter<long>()++; }
rectangle::~rectangle() { counter<long>()--; }
int rectangle::area() const { return width * height; }

namespace {
struct square final : rectangle {
	explicit square(int side) : rectangle(side, side) {}
	std::string name() const override { return "square"; }
};
} // namespace

shape *shape_make(const std::string &kind)
{
	if (kind == "rectangle")
		return std::make_unique<rectangle>(3, 4).release();
	if (kind == "square")
		return new square(5);
	throw program_error("no such shape: " + kind, 404);
}

int deep_throw(int depth)
{
	rectangle guard(depth, depth);
	if (depth == 0)
		throw program_error("deep", static_cast<int>(counter<long>()));
	return deep_throw(depth - 1) + guard.area();
}
