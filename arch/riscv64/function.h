/* riscv64: a function of the linker written in assembly: FUNCTION name … END name. */
	.macro FUNCTION name
	.globl \name
	.hidden \name
	.type \name, @function
	.balign 4
\name:
	.cfi_startproc
	.endm

	.macro END name
	.cfi_endproc
	.size \name, . - \name
	.endm
