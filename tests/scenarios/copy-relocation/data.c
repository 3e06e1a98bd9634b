#ifndef LENGTH
#define LENGTH 4
#endif

int table[LENGTH] = {11, 22};
int *table_address = table;
long counter = 5;
extern __typeof__(counter) counter_alias __attribute__((alias("counter")));

int *library_table(void)
{
	return table;
}

long library_bump(void)
{
	return ++counter;
}
