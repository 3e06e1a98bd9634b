/* As an old header made programs: the names are references, whatever today's headers say. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

extern int open64(const char *, int, ...);
extern long long lseek64(int, long long, int);
extern void *mmap64(void *, size_t, int, int, int, long long);
extern FILE *fopen64(const char *, const char *);
extern int readdir64_r(void *, void *, void *);
extern int not_there64(void) __attribute__((weak));

int large(void)
{
	int fd = open64("/proc/self/exe", O_RDONLY);
	FILE *file = fopen64("/proc/self/exe", "r");

	printf("open64 %d, lseek64 %d, fopen64 %d\n", fd >= 0, lseek64(fd, 0, 2) > 0, file != NULL && fgetc(file) == 0x7f);
	const char *bytes = mmap64(NULL, 4, PROT_READ, MAP_PRIVATE, fd, 0);
	printf("mmap64 %d\n", bytes != MAP_FAILED && bytes[1] == 'E');
	printf("readdir64_r %d, not_there64 %d\n", readdir64_r != NULL, not_there64 != NULL);
	return 0;
}
