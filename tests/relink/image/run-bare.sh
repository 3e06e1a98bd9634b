#!/bin/sh
# The sources that need no operating system, compiled for machines that have none, and run in a program without libc.
# $1: the sources of the project; $2: the CPU that runs this.
set -e
source=$(realpath "$1") cpu=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
files="image image_cpu image_link"
flags="-std=gnu17 -Os -Wall -Wextra -Werror -ffreestanding -nostdlib"
# Nothing is called but what a compiler itself calls: no libc, no engine, and no library of atomic operations.
calls_check() {
	"$1" -u $files_made | sed -n 's/^ *U //p' | sort -u |
		grep -vE '^(rl_image_|mem(set|cpy|move|cmp)$|__aeabi_|__u?(div|mod|ash|lsh|mul)[a-z]*3$)' > calls || true
	[ ! -s calls ] || { echo "for $2 these are called:"; cat calls; exit 1; } >&2
}
count=0
if command -v clang >/dev/null; then
	nm=$(command -v llvm-nm || ls /usr/bin/llvm-nm-* 2>/dev/null | head -n 1)
	# Cortex-M0 and RV32I have no atomic instructions but loads and stores.
	for target in thumbv6m-none-eabi riscv32-none-elf aarch64-none-elf i386-none-elf; do
		files_made=
		for file in $files; do
			clang --target=$target $flags -c -o $target.$file.o "$source/libdl/relink/$file.c"
			files_made="$files_made $target.$file.o"
		done
		[ -z "$nm" ] || calls_check "$nm" $target
		count=$((count + 1))
	done
fi
files_made=
for file in $files; do
	cc $flags -fno-stack-protector -c -o $file.o "$source/libdl/relink/$file.c"
	files_made="$files_made $file.o"
done
calls_check nm "this CPU"
if [ "$cpu" = x86_64 ]; then
	echo 'int host_add(int); static int two = 2, *const places[] = {&two};
	int answer(int x) { return host_add(x) * *places[0]; }' |
		cc -O1 -shared -fPIC -nostdlib -ffreestanding -x c -o libbare.so - -Wl,--unresolved-symbols=ignore-all
	cc $flags -fno-stack-protector -mgeneral-regs-only -static -no-pie -o bare "$source/tests/relink/image/bare.c" $files_made
	[ -z "$(nm -u bare)" ]
	[ "$(./bare)" = 42 ]
fi
echo "$count targets"
