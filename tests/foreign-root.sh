#!/bin/sh
# tests/foreign-root.sh CPU FOLDER [PACKAGES]: unpack what programs of another CPU need into FOLDER, from Debian's packages
# for that CPU. apt keeps its state in the folder too; nothing of the system changes. Does nothing if all is there.
set -eu
cpu=$1 root=$2
shift 2
case $cpu in
aarch64) name=arm64 loader=lib/ld-linux-aarch64.so.1 ;;
*)
	echo "foreign-root: no such CPU: $cpu" >&2
	exit 1
	;;
esac
packages="libc6 libc-bin libgcc-s1 libstdc++6 musl musl-dev musl-tools $*"
qemu='qemu-user-static'
[ "$(cat "$root/.complete" 2>/dev/null)" != "$packages" ] || exit 0
rm -rf "$root"
mkdir -p "$root/usr/bin" "$root/.apt/state/lists/partial" "$root/.apt/cache/archives/partial" "$root/.apt/packages"
: >"$root/.apt/status"
cat >"$root/.apt/config" <<CONFIG
APT::Architecture "$name";
APT::Architectures { "$name"; };
APT::Sandbox::User "root";
Dir::State "$root/.apt/state";
Dir::State::status "$root/.apt/status";
Dir::Cache "$root/.apt/cache";
CONFIG
cd "$root/.apt/packages"
APT_CONFIG=$root/.apt/config apt-get -qq update
# shellcheck disable=SC2086  # a list of words
APT_CONFIG=$root/.apt/config apt-get -qq download $packages
for package in *.deb; do
	dpkg-deb -x "$package" "$root"
	rm "$package"
done
# This machine's own, and static: the variables for a dynamic linker are meant for the program alone.
fetch_qemu() { apt-get -qq -o APT::Sandbox::User=root download $qemu; }
fetch_qemu 2>/dev/null || { apt-get -qq update && fetch_qemu; }
dpkg-deb --fsys-tarfile $qemu*.deb | tar -x -C "$root" "./usr/bin/qemu-$cpu-static"
rm -rf "$root/.apt"
printf '/lib/%s-linux-gnu\n/usr/lib/%s-linux-gnu\n' "$cpu" "$cpu" >"$root/etc/ld.so.conf"
rm -rf "$root/etc/ld.so.conf.d"
"$root/usr/bin/qemu-$cpu-static" -L "$root" "$root/sbin/ldconfig" -r "$root"
test -e "$root/$loader"
echo "$packages" >"$root/.complete"
