#!/bin/sh
# Run the examples of docs/examples, built in the folder $1, on libraries built here, and compare what they say.
# $2: the installed static library, for one of them; $3: the folder of relink.h; $4: the folder of the sources.
set -e
examples=$1 archive=$(realpath "$2") include=$3 source=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
library() { name=$1; shift; cc -w -O1 -shared -fPIC -x c -o "lib$name.so" - "$@" -Wl,-soname,"lib$name.so" -L.; }
echo 'int twice(int x) { return 2 * x; }' | library plugin
echo 'int twice(int); int getpid(void); int use(void) { return getpid() > 0 ? twice(8) : 0; }' | library user -x none -lplugin
echo 'int started; __attribute__((constructor)) static void start(void) { started = 1; }' | library counter
echo 'int abs(int); int host_version(void); int calls(int x) { return (abs)(x) + host_version(); }' |
	library calls -fno-builtin -Wl,--unresolved-symbols=ignore-all
echo 'void host_log(const char *); extern int host_answer; void greet(void) { host_log(host_answer == 42 ? "hello" : "?"); }' |
	library hosted -Wl,--unresolved-symbols=ignore-all
echo 'int x; __asm__(".section .wx, \"awx\"; .long 0");' | library wx
expect() { said=$(cat); [ "$said" = "$1" ] || { printf 'expected:\n%s\nsaid:\n%s\n' "$1" "$said" >&2; exit 1; }; }
"$examples/load_library" ./libplugin.so | expect 'twice(21) = 42'
"$examples/open_by_name" "$work" | expect 'needs libplugin.so
needs libc.so.6, which the process has
use() = 16'
"$examples/from_memory" ./libplugin.so | expect 'buffer: twice(21) = 42
callback: twice(21) = 42'
entry=$(readelf -h /bin/true | awk '/Entry point/ { print $NF }')
headers=$(readelf -h /bin/true | awk '/Number of program headers/ { print $NF }')
needed=$(readelf -d /bin/true | grep -c NEEDED)
"$examples/executable" /bin/true | expect "$headers program headers, entry at offset $entry, $needed dependencies"
"$examples/accept_hook" ./libplugin.so ./libwx.so | sed "s/segment [0-9]*/segment N/" | expect 'libplugin.so: accepted
RELINK_OK
libwx.so: refused, segment N can be written and run
RELINK_E_REFUSED'
"$examples/lifecycle" ./libcounter.so | sed 's/: [0-9]* /: N /' | expect 'loaded, started = 0
libcounter.so: N constructors
initialised, started = 1
libcounter.so: N destructors'
"$examples/arena" ./libuser.so "$work" | expect 'libuser.so: in the arena
libplugin.so: in the arena
use() = 16
0 bytes in use'
"$examples/user_data" ./libplugin.so | expect 'the first plugin: 1 use'
"$examples/relocation_hook" ./libcalls.so | expect 'missing: host_version
calls() = 998, several relocations seen'
"$examples/synthetic" ./libhosted.so | expect 'plugin says: hello'
"$examples/resolver" ./libuser.so ./libplugin.so | expect 'a module asks for libplugin.so
a module asks for libc.so.6
use() = 16'
echo 'int host_offset(void); static int calls; int compute(int x) { calls++; return host_offset() + x + calls; }' |
	cc -O2 -x c -c -o unit.o -
"$examples/load_object" ./unit.o | expect 'compute(5) = 106'
echo 'int hot_base(int x) { return x * 6; }' | library base -ffunction-sections -Wl,--emit-relocs
echo 'int hot_base(int), snprintf(char *, unsigned long, const char *, ...);
const char *hot_text(int x) { static char text[64]; snprintf(text, 64, "number: %d", hot_base(x)); return text; }' |
	library text -ffunction-sections -Wl,--emit-relocs -x none -lbase -Wl,-rpath,'$ORIGIN'
"$examples/scan_first" ./libtext.so 'number: %d' 'answer: %d' hot_text hot_base | expect '0: libtext.so
1: libbase.so
hot_text of libtext.so is packed
hot_base of libbase.so is packed
hot_text is in the page
hot_base is in the page
answer: 42'
# The static library, in a program that is otherwise dynamic, and one in C++.
cc -o static "$source/load_library.c" -I "$include" "$archive"
./static ./libplugin.so | expect 'twice(21) = 42'
nm -g --defined-only "$archive" | awk 'NF == 3 { print $3 }' | grep -v '^relink_' | expect ''
