"""The checks of the build can fail: each gets a good tree or artifact, then one with a single fault."""

import json
import pathlib
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


def run_tool(name, *arguments):
    result = subprocess.run([sys.executable, str(TOOLS / name), *map(str, arguments)], capture_output=True, text=True,
                            timeout=60)
    return result.returncode, result.stdout + result.stderr


# -- check-layers.py ---------------------------------------------------------------------------------------------

GOOD_TREE = {
    "arch/port.h": "#ifdef __x86_64__\n#define RL_PORT 1\n#endif\n",
    "arch/x86_64/start.S": ".globl _start\n_start: call rl_start\n",
    "crt/self.c": '#include "../arch/port.h"\n#include "../ldso/elf/image.h"\nint rl_crt;\n',
    "ldso/base/heap.h": "int rl_heap_take(void);\n",
    "ldso/base/heap.c": '#include "heap.h"\nint rl_heap_take(void) { return 1; }\n',
    "ldso/elf/image.h": '#include "../base/heap.h"\nint rl_image_read(void);\n',
    "ldso/elf/image.c": '#include "image.h"\nint rl_image_read(void) { return rl_heap_take(); }\n',
    "ldso/link/map.h": "int rl_map(void);\n",
    "ldso/link/map.c": '#include "map.h"\n#include "../elf/image.h"\nint rl_map(void) { return rl_image_read(); }\n',
    "ldso/policy/search.h": "int rl_search(void);\n",
    "ldso/policy/search.c": '#include "search.h"\n#include <string.h>\n'
                            'static char b[99];\nint rl_search(void) { return (int)strlen(b); }\n',
    "ldso/abi/glibc/tcb.c": '#include "../../link/map.h"\nint rl_tcb(void) { return rl_map(); }\n',
    "ldso/main.c": '#include "policy/search.h"\nvoid rl_start(void);\nvoid rl_start(void) { rl_search(); }\n',
}


def write_tree(folder, changes):
    for name, text in {**GOOD_TREE, **changes}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def compile_tree(folder):
    build, commands = folder / "build", []
    build.mkdir()
    for source in sorted(folder.rglob("*.[cS]")):
        output = str(source.relative_to(folder)).replace("/", "_") + ".o"
        command = ["gcc", "-ffreestanding", "-fno-builtin", "-fPIC", "-c", str(source), "-o", output]
        subprocess.run(command, cwd=build, check=True, timeout=60)
        commands.append({"directory": str(build), "command": " ".join(command), "file": str(source), "output": output})
    (build / "compile_commands.json").write_text(json.dumps(commands))
    return build


def check_tree(folder, changes, *, is_compiled=False):
    write_tree(folder, changes)
    extra = ["--build", compile_tree(folder)] if is_compiled else []
    return run_tool("check-layers.py", "--root", folder, *extra)


def test_layers_accept_a_good_tree(tmp_path):
    code, text = check_tree(tmp_path, {}, is_compiled=True)
    assert code == 0, text


@pytest.mark.parametrize("path, text, place", [
    ("ldso/base/heap.c", '#include "heap.h"\n#include "../elf/image.h"\n',
     "ldso/base/heap.c:2: base may not include elf"),
    ("ldso/link/map.c", '\n\n# include "../policy/search.h"\n', "ldso/link/map.c:3: link may not include policy"),
    ("ldso/policy/search.c", '#include "../abi/glibc/tcb.h"\n',
     "ldso/policy/search.c:1: policy may not include abi/glibc"),
    ("ldso/abi/glibc/tcb.c", '#include "../musl/tcb.h"\n',
     "ldso/abi/glibc/tcb.c:1: abi/glibc may not include abi/musl"),
    ("ldso/abi/musl/tcb.c", '#include "../../plan/x.h"\n', "ldso/abi/musl/tcb.c:1: abi/musl may not include plan"),
    ("crt/self.c", '#include "../ldso/base/heap.h"\n', "crt/self.c:1: crt may not include base"),
    ("arch/x86_64/cpu.c", '#include "../../ldso/base/heap.h"\n', "arch/x86_64/cpu.c:1: arch may not include base"),
    ("ldso/link/map.c", '#include "../main.h"\n', "ldso/link/map.c:1: link may not include product"),
    ("ldso/elf/image.c", '#include "lost.h"\n', "ldso/elf/image.c:1: include not found: lost.h"),
    ("ldso/util/misc.c", "int x;\n", "ldso/util/misc.c:1: no layer"),
    ("ldso/abi/misc.c", "int x;\n", "ldso/abi/misc.c:1: no layer"),
    ("ldso/link/map.c", "\n#if defined(__x86_64__)\n#endif\n", "ldso/link/map.c:2: the CPU is asked for"),
    ("ldso/base/heap.c", "#if 1 && \\\n defined(__aarch64__)\n#endif\n", "ldso/base/heap.c:1: the CPU is asked for"),
    ("libdl/dlfcn.c", "#ifdef __riscv\n#endif\n", "libdl/dlfcn.c:1: the CPU is asked for"),
    ("libdl/dlfcn.c", "#if __riscv_xlen == 64\n#endif\n", "libdl/dlfcn.c:1: the CPU is asked for"),
])
def test_layers_refuse_text(tmp_path, path, text, place):
    others = {"ldso/abi/glibc/tcb.h": "", "ldso/abi/musl/tcb.h": "", "ldso/plan/x.h": "", "ldso/main.h": ""}
    code, output = check_tree(tmp_path, {**others, path: text})
    assert code == 1 and place in output


@pytest.mark.parametrize("path, text, place", [
    ("ldso/base/heap.c", "int rl_heap_take(void);\nint rl_map(void);\nint rl_heap_take(void) { return rl_map(); }\n",
     "ldso/base/heap.c:2: base may not use link: rl_map"),
    ("ldso/policy/search.c", "int rl_tcb(void);\nint rl_search(void) { return rl_tcb(); }\n",
     "ldso/policy/search.c:1: policy may not use abi/glibc: rl_tcb"),
    ("ldso/abi/glibc/tcb.c", "extern int rl_search(void);\nint rl_tcb(void) { return rl_search(); }\n",
     "ldso/abi/glibc/tcb.c:1: abi/glibc may not use policy: rl_search"),
    ("crt/self.c", "int rl_image_read(void);\nint rl_crt(void) { return rl_image_read(); }\n",
     "crt/self.c:1: crt may not use elf: rl_image_read"),
    ("ldso/link/map.c", "int printf(const char *, ...);\nint rl_map(void) { return printf(\"\"); }\n",
     "ldso/link/map.c:1: printf is defined nowhere"),
    ("arch/x86_64/start.S", ".globl _start\n_start: call rl_map\n",
     "arch/x86_64/start.S:2: arch may not use link: rl_map"),
])
def test_layers_refuse_symbols(tmp_path, path, text, place):
    code, output = check_tree(tmp_path, {path: text}, is_compiled=True)
    assert code == 1 and place in output


def test_layers_refuse_to_check_nothing(tmp_path):
    write_tree(tmp_path, {})
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "compile_commands.json").write_text("[]")
    code, output = run_tool("check-layers.py", "--root", tmp_path, "--build", tmp_path / "build")
    assert code == 1 and "nothing to check" in output


# -- check-artifact.py -------------------------------------------------------------------------------------------

SOURCE = """
static int counter;
int *const pointer = &counter;
int __attribute__((visibility("default"))) answer(void) { return *pointer; }
void _start(void) { counter = answer(); }
"""

FLAGS = ["-O1", "-fPIC", "-ffreestanding", "-fvisibility=hidden", "-mgeneral-regs-only", "-nostdlib", "-shared",
         "-Wl,-Bsymbolic", "-Wl,-z,relro", "-Wl,-z,noexecstack", "-Wl,-e,_start", "-Wl,--hash-style=gnu"]
SONAME = "-Wl,-soname,ld-linux-x86-64.so.2"


@pytest.fixture
def make(tmp_path):
    """Link SOURCE and check it: make(text, flags=…, exports=…) -> (exit status, output)."""
    def make(text=SOURCE, *, flags=(), soname=SONAME, exports=("answer@@V_1 FUNC",), vector=(), members=(), after=()):
        (tmp_path / "source.c").write_text(text)
        (tmp_path / "map").write_text("V_1 { global: answer; second; local: *; };\n")
        (tmp_path / "exports").write_text("\n".join(exports))
        (tmp_path / "vector").write_text("# comment\n" + "\n".join(vector))
        (tmp_path / "members").write_text("\n".join(members))
        linker = tmp_path / "ld.so"
        subprocess.run(["gcc", *FLAGS, soname, f"-Wl,--version-script={tmp_path}/map", *flags, "-o", str(linker),
                        str(tmp_path / "source.c"), *after], check=True, capture_output=True, timeout=60)
        return run_tool("check-artifact.py", linker, "--exports", tmp_path / "exports",
                        "--vector-functions", tmp_path / "vector", "--musl-members", tmp_path / "members")
    return make


def test_artifact_accepts_a_good_one(make):
    code, text = make()
    assert code == 0, text


@pytest.mark.parametrize("arguments, finding", [
    (dict(soname="-Wl,-soname,other.so"), "DT_SONAME is other.so"),
    (dict(flags=["-s"]), "stripped"),
    (dict(flags=["-Wl,-z,execstack"]), "executable stack"),
    (dict(flags=["-Wl,-z,norelro"]), "no PT_GNU_RELRO"),
    (dict(flags=["-Wl,-N"]), "writable and executable"),
    (dict(flags=["-Wl,--dynamic-linker=/x"], text=SOURCE
          + 'const char interp[] __attribute__((section(".interp"))) = "/x";\n'), "has PT_INTERP"),
    (dict(text=SOURCE + "__thread int t; int *tls(void) { return &t; }\n", flags=["-ftls-model=initial-exec"]),
     "has PT_TLS"),
    (dict(text=SOURCE + "extern int lost; int *const p = &lost;\n"), "undefined symbol lost"),
    (dict(text=SOURCE + "extern int lost; int *const p = &lost;\n"), "relocation of type"),
    (dict(after=["-lc"], text=SOURCE + "int getpid(void); int use(void); int use(void) { return getpid(); }\n"),
     "has DT_NEEDED"),
    (dict(text=SOURCE + "__attribute__((constructor)) static void c(void) { counter = 2; }\n"), "has DT_INIT_ARRAY"),
    (dict(flags=["-Wl,-z,pack-relative-relocs"]), "has DT_RELR"),
    (dict(exports=("answer@@V_1 FUNC", "second@@V_1 FUNC")), "not exported: second@@V_1 FUNC"),
    (dict(exports=()), "not in the golden list: answer@@V_1 FUNC"),
    (dict(exports=("answer@@V_2 FUNC",)), "not exported: answer@@V_2 FUNC"),
    (dict(exports=("answer@@V_1 OBJECT",)), "not exported: answer@@V_1 OBJECT"),
    (dict(text=SOURCE + 'void vec(void); void vec(void) { __asm__("pxor %xmm0, %xmm0"); }\n'), "vec uses a vector"),
    (dict(text=SOURCE + 'void vec(void); void vec(void) { __asm__("kmovq %k1, %rax"); }\n'), "vec uses a vector"),
    (dict(text=SOURCE + 'void x87(void); void x87(void) { __asm__("fninit"); }\n'), "x87 uses a vector"),
    (dict(text=SOURCE + '__asm__(".text; .quad inner; .globl inner; .hidden inner; inner = answer");\n',
          flags=["-Wl,-z,notext"]), "DT_TEXTREL"),
    (dict(text=SOURCE + "unsigned long strlen(const char *); int use(char *p) { return (int)strlen(p); }\n",
          after=["/usr/lib/x86_64-linux-musl/libc.a"]), "strlen.lo"),
])
def test_artifact_refuses(make, arguments, finding):
    code, text = make(**arguments)
    assert code == 1 and finding in text, text


def test_artifact_knows_the_lists(make):
    code, text = make(text=SOURCE + """
        unsigned long strlen(const char *);
        int use(void) { __asm__("pxor %xmm0, %xmm0"); return (int)strlen((char *)&counter); }
        """, after=["/usr/lib/x86_64-linux-musl/libc.a"], vector=["use"], members=["strlen.lo"])
    assert code == 0, text
