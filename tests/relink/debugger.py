#!/usr/bin/python3
"""gdb knows functions and lines of what librelink loads, from the moment it is loaded until it is unloaded.

debugger.py HOST HOST_WITH_OTHER_GENERATOR LIBRELINK"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = """static int plugin_counter = 5;
__attribute__((noinline)) static int plugin_inner(int value)
{
	plugin_counter += value;
	return plugin_counter - 5 + value;
}
int plugin_twice(int value)
{
	return plugin_inner(value) + 0 * value;
}
"""
GDB = ["gdb", "-batch", "-nx", "-ex", "set debuginfod enabled off", "-ex", "set breakpoint pending on"]
failures = 0


def gdb(*commands, argv=()):
    line = GDB + [part for command in commands for part in ("-ex", command)] + list(argv)
    result = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                            errors="replace", stdin=subprocess.DEVNULL)
    return result.stdout


def expect(case, text, *patterns):
    global failures
    position = 0
    for pattern in patterns:
        match = re.compile(pattern, re.M).search(text, position)
        if not match:
            print(f"{case}: nothing like {pattern!r} in\n{text}")
            failures += 1
            return
        position = match.end()


BACKTRACE = (r"^Breakpoint 1, plugin_inner \(value=21\) at .*plugin\.c:4$", r"^#0  plugin_inner \(value=21\) at .*plugin\.c:4$",
             r"^#1 +0x[0-9a-f]+ in plugin_twice \(value=.*\) at .*plugin\.c:9$", r"^#2 .* main \(.*debugger_host\.c:", r"^\$1 = 5$")
GONE = (r"^Breakpoint 2, all_is_over ", r'^Function "plugin_inner" not defined\.$', r"plugin_none_any_more")


def whole_life(case, host, *argv, before=()):
    text = gdb("break plugin_inner", "break all_is_over", "run", *before, "backtrace", "print plugin_counter", "continue",
               "info line plugin_inner", "echo plugin_none_any_more\\n", argv=["--args", host, *argv])
    expect(case, text, *BACKTRACE, *GONE)


def attached(case, host, *argv):
    child = subprocess.Popen([host, *argv, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    text = gdb("info line plugin_inner", "print plugin_counter", argv=["-p", str(child.pid)])
    out, _ = child.communicate("\n", timeout=60)
    if "Could not attach" in text or "ptrace:" in text:
        print(f"{case}: skipped, no right to attach")
    else:
        expect(case, text, r'^Line [34] of ".*plugin\.c" starts at address 0x[0-9a-f]+ <plugin_inner', r"^\$1 = 5$")
    expect(case, out, r"^42$", r"^over$")


def main():
    host, other, library = (os.path.abspath(path) for path in sys.argv[1:4])
    if not shutil.which("gdb"):
        print("no gdb")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("plugin.c", "w") as file:
            file.write(SOURCE)
        flags = ["gcc", "-g", "-O1", "plugin.c", "-o"]
        subprocess.run([*flags, "plugin.so", "-shared", "-fPIC"], check=True)
        subprocess.run([*flags, "plugin.o", "-c"], check=True)
        with open("other.c", "w") as file:
            file.write("int other_function(int value) { return value; }\n")
        subprocess.run(["gcc", "-g", "-c", "other.c"], check=True)
        subprocess.run(["ar", "rcs", "plugin.a", "other.o", "plugin.o"], check=True)
        for how in "path", "descriptor", "bytes", "reader":
            whole_life(how, host, how, "plugin.so")
            whole_life(how + " of an object", host, how, "plugin.o")
        whole_life("archive", host, "path", "plugin.a")
        whole_life("beside another generator", other, "bytes", "plugin.so")
        attached("attached", host, "bytes", "plugin.so")
        attached("attached to an object", host, "bytes", "plugin.o")
        # Another copy of the library in the process: gdb hears both.
        with open(library, "rb") as source, open("copy.so", "wb") as copy:
            copy.write(source.read().replace(b"librelink.so.0\0", b"librelink.so.1\0"))
        shutil.copy("plugin.so", "plugin-2.so")
        text = gdb("break plugin_inner", "run", "backtrace 2", "continue", "backtrace 2",
                   argv=["--args", host, "path", "./plugin.so", "./copy.so"])
        expect("two copies", text, r"^#0  plugin_inner \(value=3\)", r"^#1 .*plugin_twice", r"^#0  plugin_inner \(value=21\)",
               r"^#1 .*plugin_twice")
    return 1 if failures else 0


sys.exit(main())
