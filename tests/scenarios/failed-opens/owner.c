/* A unique symbol that the library itself does not refer to, so that it is nobody's choice yet. */
#include <stdio.h>

__asm__(".data\n.globl shared\n.type shared, @gnu_unique_object\n.size shared, 4\nshared: .long 1\n.text");

__attribute__((destructor)) static void end(void)
{
	puts("owner ends");
}
