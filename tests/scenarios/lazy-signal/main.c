#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "scenario.h"

#define D(n) double callee_##n(double a, double b, int c);
D(1) D(2) D(3) D(4) D(5) D(6) D(7) D(8) D(9) D(10) D(11) D(12) D(13) D(14) D(15) D(16)
double from_handler(double a, int b);

static volatile int handled;
static volatile double sum;
static char stack[65536];

static void handler(int number)
{
	sum = from_handler(1.5, number);
	handled++;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct itimerval timer = {{0, 50}, {0, 50}};
	double total = 0;

	sigaltstack(&alternate, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	SHOW("%g", sum);
	setitimer(ITIMER_REAL, &timer, NULL);
#define C(n) total += callee_##n(1.25, 2.5, 3);
	C(1) C(2) C(3) C(4) C(5) C(6) C(7) C(8) C(9) C(10) C(11) C(12) C(13) C(14) C(15) C(16)
	while (handled < 3)
		;
	timer = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &timer, NULL);
	SHOW("%g", total);
	CHECK(sum == 1.5 + SIGALRM);
	return 0;
}
