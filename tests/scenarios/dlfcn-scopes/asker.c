extern const char *provided(void) __attribute__((weak));

const char *ask(void)
{
	return provided ? provided() : "nobody";
}
