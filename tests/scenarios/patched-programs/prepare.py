"""patchelf on our own program and on copies of the system's."""
import pathlib
import shutil
import subprocess
import sys

stage = pathlib.Path(sys.argv[1])


def patch(name, *arguments):
    subprocess.run(["patchelf", *arguments, str(stage / name)], check=True)


shutil.copy(stage / "prog", stage / "renamed")
patch("prog", "--set-rpath", "/nonexistent/" + "long/" * 100 + ":$ORIGIN/sub")
shutil.copy(stage / "sub/libneeded.so", stage / "sub/libother.so")
patch("sub/libother.so", "--set-soname", "libother.so")
patch("renamed", "--replace-needed", "libneeded.so", "libother.so")
patch("renamed", "--set-rpath", "$ORIGIN/sub")
for tool in ("sort", "bash"):
    shutil.copy(shutil.which(tool), stage / tool)
    patch(tool, "--set-interpreter", str(stage / "ld-relink.so"))
