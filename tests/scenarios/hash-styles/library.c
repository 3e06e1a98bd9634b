#define GLUE(a, b) a##b
#define JOIN(a, b) GLUE(a, b)
#define TEXT(x) #x
#define STRING(x) TEXT(x)

const char *in_program(void);

const char *JOIN(name_, NAME)(void)
{
	return STRING(NAME);
}

const char *in_all(void)
{
	return STRING(NAME) " is first";
}

const char *JOIN(back_, NAME)(void)
{
	return in_program();
}
