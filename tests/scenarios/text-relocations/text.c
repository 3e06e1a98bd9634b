int variable = 5;

/* movabs $variable, %rax; movabs $helper, %rcx: absolute addresses amid the code. */
__asm__(".text\n.globl get_variable\n.type get_variable, @function\nget_variable:\n\tmovabs $variable, %rax\n\tmov (%rax), %eax\n\tret\n"
	".size get_variable, .-get_variable\n"
	".globl get_external\n.type get_external, @function\nget_external:\n\tmovabs $external, %rax\n\tjmp *%rax\n"
	".size get_external, .-get_external\n");
