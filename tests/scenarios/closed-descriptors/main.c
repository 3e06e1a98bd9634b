#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int needed(void);

int main(void)
{
	for (int i = 0; i < 20; i++)
		if (fcntl(i, F_GETFD) >= 0)
			dprintf(9, "%d is open\n", i);
	dprintf(9, "needed %d\n", needed());
	return 0;
}
