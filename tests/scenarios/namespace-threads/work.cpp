#include <dlfcn.h>
#include <errno.h>
#include <iconv.h>
#include <pthread.h>
#include <pwd.h>
#include <stdexcept>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

struct Counted {
	int value = 5;
	~Counted() { dprintf(1, "thread-local object with %d goes\n", value); }
};

static thread_local Counted counted;
static thread_local int plain = 1;

static void *thread_main(void *argument)
{
	counted.value += *static_cast<int *>(argument);
	plain++;
	free(malloc(100000));
	try {
		throw std::runtime_error("in a thread");
	} catch (const std::exception &error) {
		dprintf(1, "caught: %s\n", error.what());
	}
	return reinterpret_cast<void *>(static_cast<long>(counted.value * 10 + plain));
}

extern "C" long work_thread(int add)
{
	pthread_t thread;
	void *result = nullptr;
	if (pthread_create(&thread, nullptr, thread_main, &add) != 0)
		return -1;
	pthread_join(thread, &result);
	return reinterpret_cast<long>(result);
}

extern "C" int work_throw(int value)
{
	try {
		if (value > 0)
			throw value;
	} catch (int caught) {
		return caught * 2;
	}
	return 0;
}

extern "C" int work_services(void)
{
	iconv_t converter = iconv_open("UTF-16LE", "ISO-8859-15");
	char in[] = "a\xa4", out[8] = "";
	char *from = in, *to = out;
	size_t in_left = 2, out_left = sizeof out;
	if (converter == (iconv_t)-1)
		return -errno;
	iconv(converter, &from, &in_left, &to, &out_left);
	iconv_close(converter);
	const passwd *root = getpwnam("root");
	dprintf(1, "euro is %02x%02x, root is %d\n", out[3] & 0xff, out[2] & 0xff, root ? static_cast<int>(root->pw_uid) : -1);
	return 4 - static_cast<int>(out_left);
}

extern "C" int work_fork(void)
{
	pid_t child = fork();
	if (child == 0) {
		void *handle = dlopen("libstatic.so", RTLD_NOW);
		int (*step)(void) = handle ? reinterpret_cast<int (*)(void)>(dlsym(handle, "static_step")) : nullptr;
		free(malloc(1000));
		_exit(step ? step() : 99);
	}
	int status = 0;
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

struct Global {
	std::string name = "global object";
	~Global() { dprintf(1, "%s goes\n", name.c_str()); }
};
static Global global;

static void at_exit(void)
{
	dprintf(1, "atexit of the namespace\n");
}

extern "C" void work_at_exit(void)
{
	atexit(at_exit);
}
