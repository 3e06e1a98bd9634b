"""The first call through the PLT keeps every register that could carry an argument.

The original saves what the calling convention passes arguments in; ours keeps r10 and r11 too, so it is asked alone.
"""

import subprocess

import pytest

import linkers

pytestmark = pytest.mark.scenario

LIBRARY = r"""
	.globl taker, chosen
	.type taker, @function
taker:
kept:
	movq %rax, 0(%rbx)
	movq %rdi, 8(%rbx)
	movq %rsi, 16(%rbx)
	movq %rdx, 24(%rbx)
	movq %rcx, 32(%rbx)
	movq %r8, 40(%rbx)
	movq %r9, 48(%rbx)
	movq %r10, 56(%rbx)
	movq %r11, 64(%rbx)
	movups %xmm0, 72(%rbx)
	movups %xmm7, 88(%rbx)
	movups %xmm15, 104(%rbx)
	fstpt 120(%rbx)
	ret
	.type chosen, @gnu_indirect_function
chosen:
	pxor %xmm0, %xmm0
	pxor %xmm7, %xmm7
	pxor %xmm15, %xmm15
	emms
	leaq kept(%rip), %rax
	ret
	.section .note.GNU-stack, "", @progbits
"""

PROGRAM = r"""
#include <stdio.h>
#include <string.h>

static void call(const char *name, int which)
{
	unsigned char seen[136];
	static const double vector[6] = {1.5, 2.5, 3.5, 4.5, 5.5, 6.5};
	long double x87 = 7.25L, got;

	memset(seen, 0, sizeof seen);
	__asm__ volatile(
		"fldt %[x87]\n\t"
		"movups 0(%[vector]), %%xmm0\n\t"
		"movups 16(%[vector]), %%xmm7\n\t"
		"movups 32(%[vector]), %%xmm15\n\t"
		"mov %[seen], %%rbx\n\t"
		"mov %[which], %%r12d\n\t"
		"mov $0x1111, %%eax\n\t"
		"mov $0x2222, %%edi\n\t"
		"mov $0x3333, %%esi\n\t"
		"mov $0x4444, %%edx\n\t"
		"mov $0x5555, %%ecx\n\t"
		"mov $0x6666, %%r8d\n\t"
		"mov $0x7777, %%r9d\n\t"
		"mov $0x8888, %%r10d\n\t"
		"mov $0x9999, %%r11d\n\t"
		"test %%r12d, %%r12d\n\t"
		"jnz 1f\n\t"
		"call taker@PLT\n\t"
		"jmp 2f\n"
		"1:\tcall chosen@PLT\n"
		"2:\n"
		: : [x87] "m"(x87), [vector] "r"(vector), [seen] "r"(seen), [which] "r"(which)
		: "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "memory", "st",
		  "xmm0", "xmm7", "xmm15");
	printf("%s", name);
	for (int i = 0; i < 9; i++) {
		unsigned long word;
		memcpy(&word, seen + 8 * i, 8);
		printf(" %lx", word);
	}
	memcpy(&got, seen + 120, 10);
	printf(" vectors %s x87 %g\n", memcmp(seen + 72, vector, sizeof vector) ? "lost" : "kept", (double)got);
}

int main(void)
{
	call("function", 0);
	call("ifunc", 1);
	return 0;
}
"""

WORDS = "1111 2222 3333 4444 5555 6666 7777 8888 9999 vectors kept x87 7.25"


def test_lazy_call_keeps_registers(linker, tmp_path):
    (tmp_path / "taker.S").write_text(LIBRARY)
    (tmp_path / "main.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-shared", "-o", "libtaker.so", "taker.S"], cwd=tmp_path, check=True)
    subprocess.run(["gcc", "-O1", "-fno-stack-protector", "-mno-red-zone", "-Wl,-z,lazy", "-o", "prog", "main.c",
                    "-L.", "-ltaker", "-Wl,-rpath,$ORIGIN"], cwd=tmp_path, check=True)
    if linker == linkers.ORIGINAL:
        pytest.skip("the original does not keep r10 and r11")
    result = subprocess.run([linker, "./prog"], cwd=tmp_path, env={}, capture_output=True, text=True, timeout=10)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [f"function {WORDS}", f"ifunc {WORDS}"]
