#!/bin/sh
# Install the build in the folder $1 below a new root, and build and run programs in C and C++ as a user would, with
# pkg-config; $2: the sources of the project.
set -e
build=$(realpath "$1") source=$(realpath "$2")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
expect() { [ "$2" = "$1" ] || { printf 'expected: %s\nfound: %s\n' "$1" "$2" >&2; exit 1; }; }
DESTDIR=$root meson install -C "$build" --no-rebuild --quiet --tags devel,runtime,man
pc=$(find "$root" -name relink.pc)
libdir=$(dirname "$(dirname "$pc")")
include=$(dirname "$(find "$root" -name relink.h)")
expect librelink.so.0.1.0 "$(readlink -f "$libdir/librelink.so" | xargs basename)"
expect librelink.so.0 "$(readelf -d "$libdir/librelink.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"
# It needs no other library, and exports nothing but what the header declares.
expect '' "$(readelf -d "$libdir/librelink.so" | grep NEEDED || true)"
exports() { nm -D --defined-only "$1" | sed -n 's/.* \(relink_[a-z_]*\).*/\1/p' | sort -u; }
declared=$(sed -n 's/^RELINK_API.*[ *]\(relink_[a-z_]*\)(.*/\1/p' "$include/relink.h" | sort -u)
expect "$declared" "$(exports "$libdir/librelink.so")"
expect "$declared" "$(nm -g --defined-only "$libdir/librelink.a" | sed -n 's/.* \(relink_[a-z_]*\)$/\1/p' | sort -u)"
# The manual names every function.
page=$(find "$root" -name 'relink.3*')
for name in $declared; do
	grep -q "$name" "$page" || { echo "relink.3 does not know $name" >&2; exit 1; }
done
cd "$root"
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$root"
expect 0.1.0 "$(pkg-config --modversion relink)"
echo 'int twice(int x) { return 2 * x; }' | cc -shared -fPIC -x c -o libplugin.so -
cc -Wall -Wextra -Werror -std=c99 -o program "$source/docs/examples/load_library.c" $(pkg-config --cflags --libs relink)
expect 'twice(21) = 42' "$(LD_LIBRARY_PATH=$libdir ./program ./libplugin.so)"
cc -Wall -Wextra -Werror -o archived "$source/docs/examples/load_library.c" $(pkg-config --cflags relink) \
	"$libdir/librelink.a"
expect 'twice(21) = 42' "$(./archived ./libplugin.so)"
# A program without a dynamic linker has none that the library could join.
cc -Wall -Wextra -Werror -static -o static "$source/docs/examples/load_library.c" $(pkg-config --cflags relink) "$libdir/librelink.a"
expect "the process's own dynamic linker was not found" "$(./static ./libplugin.so 2>&1 || true)"
if command -v c++ >/dev/null; then
	cat > program.cpp <<-'CPP'
	#include <cstdio>
	#include <relink.h>
	int main()
	{
		relink_context *context;
		relink_module *module;
		relink_error error;
		relink_input input = relink_path("./libplugin.so");
		if (relink_context_new(0, &context, &error) != RELINK_OK
		    || relink_load(context, &input, nullptr, &module, &error) != RELINK_OK)
			return 1;
		std::printf("%d %s\n", RELINK_GET(module, int (*)(int), "twice")(4), relink_version());
		relink_unref(module);
		relink_context_free(context);
	}
	CPP
	c++ -Wall -Wextra -Werror -std=c++17 -o program++ program.cpp $(pkg-config --cflags --libs relink)
	expect '8 0.1.0' "$(LD_LIBRARY_PATH=$libdir ./program++)"
fi
