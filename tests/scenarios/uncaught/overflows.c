#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	char buffer[8];

	puts("before");
	fflush(stdout);
	strcpy(buffer, argv[argc - 1]);
	puts(buffer);
	return 0;
}
