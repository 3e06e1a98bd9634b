static int values[300];
#define P(i) &values[(i) % 300]
#define P10(i) P(i), P(i + 1), P(i + 2), P(i + 3), P(i + 4), P(i + 5), P(i + 6), P(i + 7), P(i + 8), P(i + 9)
#define P100(i) P10(i), P10(i + 10), P10(i + 20), P10(i + 30), P10(i + 40), P10(i + 50), P10(i + 60), P10(i + 70), P10(i + 80), P10(i + 90)

static int *static_table[] = {P100(0), 0, P100(100), 0, 0, P10(200)};
int *table[] = {P100(3), 0, 0, 0, P10(7)};
static struct __attribute__((packed)) {
	char shift;
	int *pointer;
} unaligned = {1, &values[9]};
int **odd = static_table;

int check(void)
{
	int good = 0;

	for (int i = 0; i < 100; i++)
		good += static_table[i] == &values[i] && table[i] == &values[i + 3];
	return good + (unaligned.pointer == &values[9]) + (static_table[101] == &values[100]) + (odd == static_table);
}
