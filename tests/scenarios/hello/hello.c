#include <stdio.h>

int main(int argc, char **argv)
{
	puts("hello");
	for (int i = 1; i < argc; i++)
		printf("%d: [%s]\n", i, argv[i]);
	fprintf(stderr, "to stderr\n");
	return 0;
}
