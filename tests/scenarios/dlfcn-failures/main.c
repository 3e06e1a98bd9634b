#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNTOUCHED = 4242 };

static void tell(const char *what, int failed)
{
	int number = errno;
	const char *text = dlerror();
	int behind = errno;
	if (text != NULL && strlen(text) > 1000)
		text = strstr(text, "cannot");
	printf("%s: %s, errno %d, behind dlerror %d, %s\n", what, failed ? "failed" : "succeeded", number, behind,
	       text == NULL ? "no text" : text);
	errno = UNTOUCHED;
	text = dlerror();
	if (text != NULL || errno != UNTOUCHED)
		printf("  then %s, errno %d\n", text == NULL ? "no text" : text, errno);
}

static void open_one(const char *what, const char *name, int mode)
{
	errno = UNTOUCHED;
	void *library = dlopen(name, mode);
	tell(what, library == NULL);
}

#define TELL(call, is_failure) (errno = UNTOUCHED, tell(#call, (call) is_failure))

static void opens(void)
{
	static const char *const names[] = {
		"libmissing.so", "./libmissing.so", "/nonexistent/x.so", "./folder", "./fifo",
		"./empty.so", "./text.so", "./script.so", "./short.so", "./loop", "./text.so/x",
		"/dev/null", "./position-independent", "./fixed", "./object.o", "./libundef.so",
		"./libneeds.so", "$ORIGIN/libmissing.so", "./", "/", " "
	};
	static char longer[5000];
	memset(longer, 'l', sizeof longer - 1);
	int fifo = open("fifo", O_RDWR); /* else opening it would wait */
	if (write(fifo, longer, 600) != 600)
		puts("no fifo");
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		open_one(names[i], names[i], RTLD_NOW);
	open_one("lazily", "./libundef.so", RTLD_LAZY);
	open_one("empty", "", RTLD_NOW);
	open_one("null", NULL, RTLD_NOW);
	open_one("null, mode 0", NULL, 0);
	open_one("mode 0", "./libgood.so", 0);
	open_one("mode global", "./libgood.so", RTLD_GLOBAL);
	open_one("not loaded", "./libgood.so", RTLD_NOW | RTLD_NOLOAD);
	open_one("not loaded, missing", "./libmissing.so", RTLD_NOW | RTLD_NOLOAD);
	open_one("not loaded, missing name", "libmissing.so", RTLD_NOW | RTLD_NOLOAD);
	open_one("long", longer, RTLD_NOW);
	longer[0] = '/';
	open_one("long path", longer, RTLD_NOW);
	open_one("good", "./libgood.so", RTLD_NOW);
	close(fifo);
}

static void others(void)
{
	void *good = dlopen("./libgood.so", RTLD_NOW), *out;
	Dl_info info;
	TELL(dlsym(good, "nothing"), == NULL);
	TELL(dlsym(RTLD_DEFAULT, "nothing"), == NULL);
	TELL(dlsym(RTLD_NEXT, "nothing"), == NULL);
	TELL(dlsym(good, ""), == NULL);
	TELL(dlvsym(good, "good", "V9"), == NULL);
	TELL(dlvsym(RTLD_DEFAULT, "printf", "V9"), == NULL);
	TELL(dlinfo(good, 99, &out), != 0);
	TELL(dlinfo(good, -1, &out), != 0);
	TELL(dlinfo(good, RTLD_DI_CONFIGADDR, &out), != 0);
	TELL(dladdr(&info, &info), == 0);
	TELL(dlmopen(77, "./libgood.so", RTLD_NOW), == NULL);
	TELL(dlmopen(-3, "./libgood.so", RTLD_NOW), == NULL);
	TELL(dlmopen(LM_ID_NEWLM, NULL, RTLD_NOW), == NULL);
	TELL(dlmopen(LM_ID_NEWLM, "./libmissing.so", RTLD_NOW), == NULL);
	TELL(dlmopen(LM_ID_NEWLM, "./libgood.so", RTLD_NOW | RTLD_GLOBAL), == NULL);
	TELL(dlmopen(LM_ID_NEWLM, "./libgood.so", 0), == NULL);
	TELL(dlmopen(LM_ID_BASE, "./libgood.so", 0), == NULL);
	TELL(dlclose(good), != 0);
	TELL(dlclose(good), != 0);
	TELL(dlclose(dlopen(NULL, RTLD_NOW)), != 0);
	TELL(dlclose(dlopen("libc.so.6", RTLD_NOW)), != 0);
}

/* What ends the process does so everywhere. */
static void crash(void)
{
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		volatile const char *name = NULL;
		_exit(dlsym(RTLD_DEFAULT, (const char *)name) == NULL);
	}
	waitpid(child, &status, 0);
	printf("dlsym of NULL: status %#x\n", status);
}

int main(void)
{
	opens();
	others();
	crash();
	if (setresuid(65534, 65534, 65534) == 0)
		open_one("unreadable", "./libsecret.so", RTLD_NOW);
	return 0;
}
