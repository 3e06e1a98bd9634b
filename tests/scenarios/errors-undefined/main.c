#include "scenario.h"

int present(void);
int absent(void);
extern int absent_data;
extern int never(void) __attribute__((weak));

int main(int argc, char **argv)
{
	(void)argv;
	SHOW("%d", present());
	CHECK(never == NULL);
	fflush(stdout);
#ifdef DATA
	SHOW("%d", absent_data);
#endif
	if (argc == 1)
		SHOW("%d", absent());
	puts("end");
	return 0;
}
