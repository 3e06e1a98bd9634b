	.text
	.variant_pcs variant
/* double call_variant(double value, long *counter) */
	.globl call_variant
	.type call_variant, %function
call_variant:
	stp x29, x30, [sp, #-16]!
	dup v16.2d, v0.d[0]
	ldr x9, [x0]
	mov x10, x0
	mov x17, #0
	bl variant
	str x9, [x10]
	ext v16.16b, v16.16b, v16.16b, #8
	fmov d0, d16
	ldp x29, x30, [sp], #16
	ret
	.size call_variant, . - call_variant
	.section .note.GNU-stack, "", %progbits
