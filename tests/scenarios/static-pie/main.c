#include <libgen.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[4096] = "";
	if (readlink("/proc/self/exe", path, sizeof path - 1) < 0)
		perror("readlink");
	printf("ran as %s, named %s, %d words, executable %s\n", basename((char *)getauxval(AT_EXECFN)), basename(argv[0]),
	       argc, basename(path));
	return 0;
}
