#include <stdio.h>
#include <string.h>

__attribute__((noinline)) static void smash(volatile char *buffer, int length)
{
	for (int i = 0; i < length; i++)
		buffer[i] = 'x';
}

__attribute__((noinline)) static void victim(int length)
{
	char buffer[16];

	smash(buffer, length);
}

int main(void)
{
	victim(10);
	puts("first is fine");
	fflush(stdout);
	victim(100);
	return 0;
}
