#include "scenario.h"

int main(int argc, char **argv)
{
	printf("ran as %s with %d\n", argv[0], argc);
	return 0;
}
