#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <netdb.h>
#include <pwd.h>
#include <wchar.h>

#include "scenario.h"

static void convert(const char *to, const char *from, const char *text)
{
	iconv_t converter = iconv_open(to, from);
	char out[64], *target = out, *source = (char *)text;
	size_t left = strlen(text), room = sizeof(out);

	if (converter == (iconv_t)-1) {
		printf("%s to %s: %s\n", from, to, strerror(errno));
		return;
	}
	iconv(converter, &source, &left, &target, &room);
	printf("%s to %s:", from, to);
	for (char *byte = out; byte < target; byte++)
		printf(" %02x", (unsigned char)*byte);
	putchar('\n');
	iconv_close(converter);
}

int main(void)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;
	struct passwd *user = getpwnam("root");
	struct group *group = getgrnam("root");
	char text[INET_ADDRSTRLEN];

	SHOW("%s", user ? user->pw_dir : "none");
	SHOW("%s", getpwnam("no-such-user") ? "found" : "none");
	SHOW("%d", group ? (int)group->gr_gid : -1);
	SHOW("%d", getaddrinfo("localhost", "80", &hints, &list));
	if (list) {
		puts(inet_ntop(AF_INET, &((struct sockaddr_in *)list->ai_addr)->sin_addr, text, sizeof(text)));
		freeaddrinfo(list);
	}
	convert("EUC-JP", "UTF-8", "\xe3\x81\x82");
	convert("UTF-16", "ISO-8859-15", "\xa4");
	convert("UTF-8", "KOI8-R", "\xc1");
	convert("NO-SUCH-SET", "UTF-8", "a");
	SHOW("%s", setlocale(LC_ALL, "C.UTF-8"));
	SHOW("%s", nl_langinfo(CODESET));
	SHOW("%zu", mbstowcs(NULL, "\xc3\xa9\xe3\x81\x82", 0));
	SHOW("%s", setlocale(LC_ALL, "xx_XX") ? "set" : "none");
	SHOW("%s", strerror(ENOENT));
	return 0;
}
