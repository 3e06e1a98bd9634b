"""A library needs a version of another one that it does not keep loaded (patchelf --remove-needed).  When that one has gone and a library
with another version lies where it lay, its definitions do not serve.  The original ends itself when it opens such a library."""

import shutil
import subprocess

import pytest

import linkers
import process

pytestmark = pytest.mark.scenario

VERSIONED = "int versioned(void) { return VALUE; }\n"
USER = "int versioned(void);\nint user(void) { return versioned(); }\n"
MAIN = r"""
#include <dlfcn.h>
#include <stdio.h>

int main(void)
{
	void *old = dlopen("./libold.so", RTLD_NOW), *user = dlopen("./libuser.so", RTLD_LAZY);
	dlclose(old);
	old = dlopen("./libold.so", RTLD_LAZY | RTLD_NOLOAD);
	printf("%s, %s", user != NULL ? "opened" : dlerror(), old == NULL ? "gone" : "still there");
	for (int i = 0; i < 8; i++) {
		char name[32];
		sprintf(name, "./libnew%d.so", i);
		printf(", %s", dlopen(name, RTLD_NOW | RTLD_GLOBAL) != NULL ? "opened" : dlerror());
	}
	puts("");
	fflush(stdout);
	printf("versioned: %d\n", ((int (*)(void))dlsym(user, "user"))());
	return 0;
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if shutil.which("patchelf") is None:
        pytest.skip("no patchelf")
    folder = tmp_path_factory.mktemp("versions-gone")

    def build(text, *arguments):
        subprocess.run(["gcc", "-O1", "-xc", "-", *arguments], input=text, text=True, cwd=folder, check=True)

    for version, name in [("OLD", "old"), *(("NEW", f"new{i}") for i in range(8))]:
        (folder / f"{name}.map").write_text(f"{version} {{ global: versioned; local: *; }};\n")
        build(VERSIONED, "-DVALUE=1", "-shared", "-fPIC", f"-Wl,--version-script,{name}.map", f"-Wl,-soname,lib{name}.so",
              "-o", f"lib{name}.so")
    build(USER, "-shared", "-fPIC", "-Wl,-z,lazy", "-o", "libuser.so", "-L.", "-Wl,--no-as-needed", "-xnone", "libold.so")
    subprocess.run(["patchelf", "--remove-needed", "libold.so", folder / "libuser.so"], check=True)
    build(MAIN, "-o", "program")
    return folder


def check(result):
    assert result.stdout == b"opened, gone" + b", opened" * 8 + b"\n" and result.status == 127, result
    assert b"symbol lookup error: ./libuser.so: undefined symbol: versioned, version OLD" in result.stderr, result


def test_linker(folder, linker):
    if linker == linkers.ORIGINAL:
        pytest.skip("the original fails an assertion")
    check(process.run([linker, "./program"], cwd=folder))


def test_preload(folder, preload):
    check(process.run(["./program"], cwd=folder, environment={"LD_PRELOAD": str(preload)}))
