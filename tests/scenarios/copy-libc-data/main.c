#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

int main(int argc, char **argv)
{
	fprintf(stdout, "through stdout\n");
	fprintf(stderr, "through stderr\n");
	while (getopt(argc, argv, "a:") != -1)
		SHOW("%s", optarg);
	SHOW("%d", optind);
	for (char **variable = environ; *variable; variable++)
		puts(*variable);
	setenv("ADDED", "later", 1);
	SHOW("%s", getenv("ADDED"));
	SHOW("%s", program_invocation_short_name);
	setenv("TZ", "XYZ3", 1);
	tzset();
	SHOW("%s", tzname[0]);
	SHOW("%ld", timezone);
	return 0;
}
