int common_value;
__attribute__((weak)) int weak_value = 3;
static int local_value = 4;
__attribute__((visibility("hidden"))) int hidden_value = 5;
__attribute__((visibility("protected"))) int protected_function(void)
{
	return 6;
}
extern int nobody(void) __attribute__((weak));
extern int nobody_data __attribute__((weak));
int (*nobody_pointer)(void) = nobody;
int *pointers[] = {&common_value, &weak_value, &local_value, &hidden_value, &nobody_data};
int (*protected_pointer)(void) = protected_function;
char *middle = (char *)&local_value + 2;
extern char absolute_symbol[];
char *absolute_address = absolute_symbol;

int sum(void)
{
	return common_value + weak_value + local_value + hidden_value + protected_function() + (nobody ? nobody() : 100);
}
