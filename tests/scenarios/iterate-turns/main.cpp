#include <dlfcn.h>
#include <iconv.h>
#include <link.h>
#include <pthread.h>
#include <scenario.h>
#include <stdexcept>
#include <unistd.h>

struct sight {
	int objects, plugs, converters;
	unsigned long long adds, subs;
	bool is_torn;
};

/* Reads what it is shown: an object that has gone would end the program. */
static int look(struct dl_phdr_info *info, size_t, void *argument)
{
	auto *sight = static_cast<struct sight *>(argument);
	int loads = 0;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_R) && phdr->p_memsz) {
			(void)*reinterpret_cast<volatile char *>(info->dlpi_addr + phdr->p_vaddr);
			loads++;
		}
	}
	sight->is_torn |= loads == 0 || (sight->objects && (sight->adds != info->dlpi_adds || sight->subs != info->dlpi_subs));
	sight->adds = info->dlpi_adds;
	sight->subs = info->dlpi_subs;
	sight->objects++;
	sight->plugs += strstr(info->dlpi_name, "libplug.so") != nullptr;
	sight->converters += strstr(info->dlpi_name, "/gconv/") != nullptr;
	return 0;
}

static struct sight sight_now()
{
	struct sight sight = {};

	dl_iterate_phdr(look, &sight);
	CHECK(!sight.is_torn);
	return sight;
}

static void *look_in_thread(void *)
{
	return reinterpret_cast<void *>(static_cast<long>(sight_now().objects));
}

static long objects_seen_by_other()
{
	pthread_t thread;
	void *result;

	pthread_create(&thread, nullptr, look_in_thread, nullptr);
	pthread_join(thread, &result);
	return reinterpret_cast<long>(result);
}

static void alone()
{
	int before = sight_now().objects;
	void *plug = dlopen("libplug.so", RTLD_NOW);

	struct sight during = sight_now();
	CHECK(during.objects == before + 1 && during.plugs == 1);
	dlclose(plug);
	struct sight after = sight_now();
	CHECK(after.objects == before && after.plugs == 0);
	CHECK(after.adds == during.adds && after.subs == during.subs + 1);
	/* A visitor may walk, open and close; what it opened comes behind. */
	int nested = 0;
	dl_iterate_phdr([](struct dl_phdr_info *, size_t, void *argument) {
		dlclose(dlopen("libplug.so", RTLD_NOW));
		*static_cast<int *>(argument) += sight_now().objects;
		return *static_cast<int *>(argument) < 10 ? 0 : 42;
	}, &nested);
	CHECK(nested >= 10);
	/* Its thread starts another, which waits for its turn. */
	pthread_t thread;
	int answer = dl_iterate_phdr([](struct dl_phdr_info *, size_t, void *argument) {
		pthread_create(static_cast<pthread_t *>(argument), nullptr, look_in_thread, nullptr);
		usleep(20000);
		puts("the visitor ends");
		return 7;
	}, &thread);
	pthread_join(thread, nullptr);
	CHECK(answer == 7);
	CHECK(objects_seen_by_other() == sight_now().objects);
}

static int volatile inside;
static int volatile overlaps;

static int enter(struct dl_phdr_info *, size_t, void *argument)
{
	auto *depth = static_cast<int *>(argument);

	overlaps = overlaps + (inside != *depth);
	inside = inside + 1;
	if (++*depth < 3)
		dl_iterate_phdr(enter, argument);
	--*depth;
	inside = inside - 1;
	return 0;
}

static void *enter_often(void *)
{
	for (int i = 0; i < 300; i++) {
		int depth = 0;
		dl_iterate_phdr(enter, &depth);
		if (i % 50 == 0)
			dlclose(dlopen("libplug.so", RTLD_NOW));
	}
	return nullptr;
}

static void apart()
{
	pthread_t threads[4];

	for (auto &thread : threads)
		pthread_create(&thread, nullptr, enter_often, nullptr);
	for (auto &thread : threads)
		pthread_join(thread, nullptr);
	CHECK(inside == 0);
	CHECK(overlaps == 0);
}

static int throws(struct dl_phdr_info *, size_t, void *argument)
{
	if (argument)
		dl_iterate_phdr(throws, nullptr);
	throw std::runtime_error("thrown");
}

static int ends_thread(struct dl_phdr_info *, size_t, void *)
{
	pthread_exit(nullptr);
}

static int waits_for_end(struct dl_phdr_info *, size_t, void *argument)
{
	if (argument) {
		int *in = static_cast<int *>(argument);
		if (write(in[1], "x", 1) != 1)
			abort();
	}
	for (;;)
		pause();
}

static void left()
{
	pthread_t thread;
	int in[2];
	char byte;

	for (void *argument : {static_cast<void *>(nullptr), static_cast<void *>(&in)}) {
		try {
			dl_iterate_phdr(throws, argument);
		} catch (const std::exception &exception) {
			puts(exception.what());
		}
		CHECK(objects_seen_by_other() == sight_now().objects);
	}
	pthread_create(&thread, nullptr, [](void *) -> void * {
		dl_iterate_phdr(ends_thread, nullptr);
		return nullptr;
	}, nullptr);
	pthread_join(thread, nullptr);
	CHECK(objects_seen_by_other() == sight_now().objects);
	if (pipe(in))
		abort();
	pthread_create(&thread, nullptr, [](void *argument) -> void * {
		dl_iterate_phdr(waits_for_end, argument);
		return nullptr;
	}, in);
	CHECK(read(in[0], &byte, 1) == 1);
	pthread_cancel(thread);
	pthread_join(thread, nullptr);
	CHECK(objects_seen_by_other() == sight_now().objects);
	void *plug = dlopen("libplug.so", RTLD_NOW);
	CHECK(sight_now().plugs == 1);
	dlclose(plug);
	CHECK(sight_now().plugs == 0);
}

static void host()
{
	static const char *const sets[] = {"BIG5", "EUC-JP", "ISO-8859-2", "KOI8-R", "CP437", "UTF-7", "SJIS", "EUC-KR"};
	struct sight last = sight_now();

	for (const char *set : sets) {
		iconv_t converter = iconv_open(set, "UTF-8");
		CHECK(converter != (iconv_t)-1);
		struct sight during = sight_now();
		printf("%s: %d more, %d converters, %llu added, %llu gone\n", set, during.objects - last.objects, during.converters,
		       during.adds - last.adds, during.subs - last.subs);
		void *plug = strcmp(set, "KOI8-R") ? nullptr : dlopen("libplug.so", RTLD_NOW);
		if (plug) {
			CHECK(sight_now().plugs == 1);
			CHECK(sight_now().converters == during.converters);
		}
		iconv_close(converter);
		if (plug)
			dlclose(plug);
		last = sight_now();
		printf("%s closed: %d converters, %d plugs\n", set, last.converters, last.plugs);
	}
}

int main(int, char **argv)
{
	void (*part)() = !strcmp(argv[1], "alone") ? alone : !strcmp(argv[1], "apart") ? apart : !strcmp(argv[1], "left") ? left : host;

	part();
}
