#include "scenario.h"

#define USE(name) \
	const char *name##_function(void); \
	const char *name##_data(void); \
	const char *name##_program(void); \
	extern const char **name##_data_pointer

USE(one);
USE(two);
USE(symbolic);
USE(symfunc);
USE(protected);
const char *shared(void);
const char *weak_one(void);

const char *from_program(void)
{
	return "the program";
}

#define PRINT(name) \
	printf(#name ": function %s, data %s, through pointer %s, program's %s\n", name##_function(), name##_data(), \
	       *name##_data_pointer, name##_program())

int main(void)
{
	printf("shared %s, weak %s\n", shared(), weak_one());
	PRINT(one);
	PRINT(two);
	PRINT(symbolic);
	PRINT(symfunc);
	PRINT(protected);
	return 0;
}
