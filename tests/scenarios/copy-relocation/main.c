#include "scenario.h"

extern int table[4];
extern int *table_address;
extern long counter;
int *library_table(void);
long library_bump(void);

int main(void)
{
	CHECK(table == library_table());
	CHECK(table == table_address);
	SHOW("%d", table[0]);
	SHOW("%d", table[1]);
	counter += 10;
	SHOW("%ld", library_bump());
	SHOW("%ld", counter);
	return 0;
}
