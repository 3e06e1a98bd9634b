#include <iostream>

#include "order.h"

registry::registry() { std::cout << "registry made" << std::endl; }
registry::~registry() { std::cout << "registry of " << entries.size() << " gone" << std::endl; }
const char *registry::name() const { return "base"; }

registry &registry::instance()
{
	static registry object;
	return object;
}

registry global_registry;
