#!/bin/sh
# tests/foreign-root.sh CPU FOLDER [PACKAGES]: unpack what programs of another CPU need into FOLDER, from Debian's packages
# for that CPU. apt keeps its state in the folder too; nothing of the system changes. Does nothing if all is there.
# For a CPU that Debian 12 does not have they come from the first later release whose lists can be had.
set -eu
cpu=$1 root=$2
shift 2
case $cpu in
aarch64) name=arm64 loader=ld-linux-aarch64.so.1 releases= ;;
riscv64) name=riscv64 loader=ld-linux-riscv64-lp64d.so.1 releases='trixie sid' ;;
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
# lists_of RELEASE: from where this machine has its own packages.
keys=/usr/share/keyrings/debian-archive-keyring.gpg
lists_of() {
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
		sed -n "s,^Debian \(.*\),deb [signed-by=$keys] \1 $1 main,p" | head -n 1 >"$root/.apt/sources.list"
	APT_CONFIG=$root/.apt/config apt-get -qq update 2>/dev/null
}
cd "$root/.apt/packages"
if [ -z "$releases" ]; then
	APT_CONFIG=$root/.apt/config apt-get -qq update
else
	printf 'Dir::Etc::sourcelist "%s";\nDir::Etc::sourceparts "/dev/null";\n' "$root/.apt/sources.list" >>"$root/.apt/config"
	for release in $releases; do
		! lists_of "$release" || break
	done
fi
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
# Debian 12's link editor cannot read the debug information of newer compilers.
[ -z "$releases" ] || for object in "$root/usr/lib/$cpu-linux-musl"/*crt1.o; do
	"$cpu-linux-gnu-objcopy" -R '.debug_*' -R '.rela.debug_*' "$object"
done
printf '/lib/%s-linux-gnu\n/usr/lib/%s-linux-gnu\n' "$cpu" "$cpu" >"$root/etc/ld.so.conf"
rm -rf "$root/etc/ld.so.conf.d"
# These lie below /usr in newer releases.
ldconfig=$root/sbin/ldconfig
[ -e "$ldconfig" ] || ldconfig=$root/usr/sbin/ldconfig
"$root/usr/bin/qemu-$cpu-static" -L "$root" "$ldconfig" -r "$root"
test -e "$root/lib/$loader" || test -e "$root/usr/lib/$loader"
echo "$packages" >"$root/.complete"
