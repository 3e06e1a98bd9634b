#define GLUE(a, b) a##b
#define JOIN(a, b) GLUE(a, b)
#define TEXT(x) #x
#define STRING(x) TEXT(x)
#ifndef VISIBILITY
#define VISIBILITY
#endif

VISIBILITY const char *shared(void)
{
	return STRING(NAME);
}

__attribute__((weak)) const char *weak_one(void)
{
	return STRING(NAME) " (weak)";
}

const char *from_program(void)
{
	return STRING(NAME);
}

VISIBILITY const char *shared_data = STRING(NAME);
const char **JOIN(NAME, _data_pointer) = &shared_data;

const char *JOIN(NAME, _function)(void)
{
	return shared();
}

const char *JOIN(NAME, _data)(void)
{
	return shared_data;
}

const char *JOIN(NAME, _program)(void)
{
	return from_program();
}
