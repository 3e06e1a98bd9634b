/* Starts a program three times, each time with other descriptors closed; its report comes back through a file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const int closed[][4] = {{0, -1}, {1, -1}, {0, 1, 2, -1}};

	(void)argc;
	for (int i = 0; i < 3; i++) {
		char name[] = "/tmp/descriptors-XXXXXX", line[256];
		int report = mkstemp(name), status;
		pid_t child;
		FILE *file;

		child = fork();
		if (child == 0) {
			dup2(report, 9);
			close(report);
			for (int j = 0; closed[i][j] >= 0; j++)
				close(closed[i][j]);
			execv(argv[1], argv + 1);
			_exit(126);
		}
		waitpid(child, &status, 0);
		printf("status %d\n", status);
		file = fopen(name, "r");
		while (fgets(line, sizeof(line), file))
			fputs(line, stdout);
		fclose(file);
		unlink(name);
		close(report);
	}
	return 0;
}
