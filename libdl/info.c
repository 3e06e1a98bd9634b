/* dlinfo. */
#include <string.h>

#include "dl.h"

enum {
	INFO_NAMESPACE = 1,
	INFO_LINK_MAP = 2,
	INFO_SEARCH = 4,
	INFO_SEARCH_SIZE = 5,
	INFO_ORIGIN = 6,
	INFO_TLS_MODULE = 9,
	INFO_TLS_DATA = 10,
	INFO_PROGRAM_HEADERS = 11,
};

/* Dl_serinfo and Dl_serpath of <dlfcn.h>. */
struct search_path {
	char *name;
	unsigned flags;
};

struct search_info {
	size_t size;
	unsigned count;
	struct search_path paths[];
};

/* Filling a Dl_serinfo, or only measuring it. */
struct search_sink {
	struct search_info *info;
	bool only_counts;
	size_t count, string_bytes;
	char *strings;
};

static void search_visit(void *argument, const char *directory, unsigned flag)
{
	struct search_sink *sink = argument;
	size_t size = strlen(directory) + 1;
	/* Directories come with a final slash or without; the original shows them without. */
	if (size > 2 && directory[size - 2] == '/')
		size--;
	if (!sink->only_counts) {
		struct search_path *path = &sink->info->paths[sink->count];
		path->name = memcpy(sink->strings, directory, size - 1);
		path->name[size - 1] = '\0';
		path->flags = flag;
		sink->strings += size;
	}
	sink->count++;
	sink->string_bytes += size;
}

static void search_fill(struct rl_object *object, struct search_info *info, bool only_counts)
{
	struct search_sink sink = {.info = info, .only_counts = only_counts};
	if (!only_counts)
		sink.strings = (char *)&info->paths[info->count];
	rl_process.personality.each_directory(object, search_visit, &sink);
	if (only_counts) {
		info->count = (unsigned)sink.count;
		info->size = sizeof *info + sink.count * sizeof(struct search_path) + sink.string_bytes;
	}
}

static int unknown(struct rl_object *object)
{
	struct rl_diag diag = RL_DIAG_NONE;
	(void)!rl_fail(&diag, RL_REQUEST_UNKNOWN, .subject = object->path);
	rl_dl_error_set(&diag);
	return -1;
}

int rl_dl_info_musl(void *map, int request, void *out)
{
	if (request == INFO_LINK_MAP) {
		*(void **)out = map;
		return 0;
	}
	struct rl_diag diag = RL_DIAG_NONE;
	(void)!rl_fail(&diag, RL_REQUEST_UNKNOWN, .value = (unsigned)request);
	rl_dl_error_set(&diag);
	return -1;
}

int rl_dl_info(void *handle, int request, void *out)
{
	struct rl_object *object = rl_process.personality.object_of(handle);
	rl_dl_error_clear();
	switch (request) {
	case INFO_NAMESPACE:
		*(long *)out = object->namespace->id;
		return 0;
	case INFO_LINK_MAP:
		*(void **)out = rl_process.personality.handle_of(object);
		return 0;
	case INFO_SEARCH:
	case INFO_SEARCH_SIZE:
		search_fill(object, out, request == INFO_SEARCH_SIZE);
		return 0;
	case INFO_ORIGIN: {
		const char *origin = rl_process.personality.origin_of(object);
		if (origin == NULL)
			origin = "";
		memcpy(out, origin, strlen(origin) + 1);
		return 0;
	}
	case INFO_TLS_MODULE:
		*(size_t *)out = object->tls.module;
		return 0;
	case INFO_TLS_DATA:
		*(void **)out = rl_thread_block_soft(&rl_process.linker.tls, object);
		return 0;
	case INFO_PROGRAM_HEADERS:
		*(const void **)out = object->phdr;
		return (int)object->image.phdr_count;
	default:
		return unknown(object);
	}
}
