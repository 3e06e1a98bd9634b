	.arch armv8-a
	.text
/* Takes one more than a counter in x9 and in the whole of q16, and keeps every other register. */
	.globl variant
	.variant_pcs variant
	.type variant, %function
variant:
	add x9, x9, #1
	fadd v16.2d, v16.2d, v16.2d
	ret
	.size variant, . - variant

	.globl usual
	.type usual, %function
usual:
	add x0, x0, #1
	ret
	.size usual, . - usual
	.section .note.GNU-stack, "", %progbits
