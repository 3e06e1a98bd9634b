"""Writes and builds libraries of many functions and pointers, and a program that uses all of them."""
import os
import pathlib
import subprocess
import sys

stage = pathlib.Path(sys.argv[1])
CC = os.environ["CC"].split()
LIBRARIES, EACH = 8, 400


def build(out, text, *arguments):
    source = stage / (out + ".c")
    source.write_text(text)
    subprocess.run([*CC, "-O0", "-o", out, source.name, "-L.", "-Wl,-rpath,$ORIGIN", *arguments], cwd=stage, check=True)


names = []
for library in range(LIBRARIES):
    lines, versions = [], []
    for i in range(EACH):
        # Every eighth name is defined by the next library as well: the first in the scope wins.
        name = f"f_{library}_{i}"
        names.append((name, library * 1000 + i))
        lines.append(f"int {name}(void) {{ return {library * 1000 + i}; }}")
        lines.append(f"int d_{library}_{i} = {library * 1000 + i};")
        if i % 8 == 0 and library:
            lines.append(f"int f_{library - 1}_{i}(void) {{ return -1; }}")
        if i % 5 == 0:
            versions.append(name)
    (stage / f"v{library}.map").write_text("V1 { global: *; }; V2 { global: " + " ".join(n + ";" for n in versions) + " } V1;\n")
    build(f"liblib{library}.so", "\n".join(lines), "-shared", "-fPIC", f"-Wl,-soname,liblib{library}.so",
          f"-Wl,--version-script,v{library}.map")
libraries = [f"-l:liblib{n}.so" for n in range(LIBRARIES)]
declarations = "".join(f"int {n}(void); extern int d{n[1:]};\n" for n, _ in names)
table = ("static const struct { int (*function)(void); int *data; int value; } table[] = {\n" +
         "".join(f"\t{{{n}, &d{n[1:]}, {v}}},\n" for n, v in names) + "};\n")
check = """
long NAME(void)
{
	long good = 0;

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		good += table[i].function() == table[i].value && *table[i].data == table[i].value;
	return good;
}
"""
calls = "long NAME_calls(void)\n{\n\tlong sum = 0;\n" + "".join(f"\tsum += {n}();\n" for n, _ in names) + "\treturn sum;\n}\n"
build("libsum.so", declarations + table + check.replace("NAME", "sum") + calls.replace("NAME", "sum"), "-shared", "-fPIC",
      "-Wl,-soname,libsum.so", *libraries)
main = """
#include <dlfcn.h>
#include <stdio.h>

long own(void), own_calls(void);

int main(int argc, char **argv)
{
	OWN
	if (argc > 1) {
		void *handle = dlopen(argv[1], RTLD_NOW);

		printf("%s\\n", handle ? "opened" : dlerror());
		printf("%ld %ld\\n", ((long (*)(void))dlsym(handle, "sum"))(), ((long (*)(void))dlsym(handle, "sum_calls"))());
	}
	return 0;
}
"""
interp = f"-Wl,--dynamic-linker={stage}/ld-relink.so"
build("prog", declarations + table + check.replace("NAME", "own") + calls.replace("NAME", "own") +
      main.replace("OWN", 'printf("%ld %ld\\n", own(), own_calls());'), *libraries, interp)
build("empty", main.replace("OWN", ""), interp)
