#include <map>
#include <string>

struct registry {
	std::map<std::string, int> entries;
	static registry &instance();
	registry();
	virtual ~registry();
	virtual const char *name() const;
};

extern registry global_registry;
