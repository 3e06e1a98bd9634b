/* riscv64: counting zeros, for which compilers call libgcc where the CPU has no instruction of its own; there is no
 * libgcc here.  The argument is not 0. */
#include "function.h"

	.text

	/* Add to a0, or subtract from it, the number of the highest bit set in a1: by halves. */
	.macro HIGHEST_BIT instruction
	li a2, 32
1:	srl a3, a1, a2
	beqz a3, 2f
	mv a1, a3
	\instruction a0, a0, a2
2:	srli a2, a2, 1
	bnez a2, 1b
	.endm

FUNCTION __clzdi2
	mv a1, a0
	li a0, 63
	HIGHEST_BIT sub
	ret
END __clzdi2

FUNCTION __ctzdi2
	neg a1, a0
	and a1, a1, a0 /* the lowest bit alone */
	li a0, 0
	HIGHEST_BIT add
	ret
END __ctzdi2

	.section .note.GNU-stack, "", @progbits
