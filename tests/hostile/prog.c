/* The program that uses the damaged library. */
#include <stdio.h>

extern int witness, victim_data, victim_call(int value), victim_old(void);
extern __thread int victim_local;

int main(void)
{
	printf("%d\n", victim_data + victim_call(1) + victim_old() + victim_local + witness);
	return 0;
}
