int variable = 5;

/* Absolute addresses amid the code. */
#if defined(__x86_64__)
__asm__(".text\n.globl get_variable\n.type get_variable, @function\nget_variable:\n\tmovabs $variable, %rax\n\tmov (%rax), %eax\n\tret\n"
	".size get_variable, .-get_variable\n"
	".globl get_external\n.type get_external, @function\nget_external:\n\tmovabs $external, %rax\n\tjmp *%rax\n"
	".size get_external, .-get_external\n");
#elif defined(__riscv)
__asm__(".text\n.globl get_variable\n.type get_variable, @function\nget_variable:\n\tld a0, 1f\n\tlw a0, 0(a0)\n\tret\n"
	"\t.balign 8\n1:\t.dword variable\n.size get_variable, .-get_variable\n"
	".globl get_external\n.type get_external, @function\nget_external:\n\tld t1, 2f\n\tjr t1\n"
	"\t.balign 8\n2:\t.dword external\n.size get_external, .-get_external\n");
#else
__asm__(".text\n.globl get_variable\n.type get_variable, @function\nget_variable:\n\tldr x0, 1f\n\tldr w0, [x0]\n\tret\n"
	"\t.balign 8\n1:\t.xword variable\n.size get_variable, .-get_variable\n"
	".globl get_external\n.type get_external, @function\nget_external:\n\tldr x16, 2f\n\tbr x16\n"
	"\t.balign 8\n2:\t.xword external\n.size get_external, .-get_external\n");
#endif
