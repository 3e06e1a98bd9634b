	.text
	.globl with_pad
	.type with_pad, %function
with_pad:
	hint #34
	mov x0, #1
	ret
	.size with_pad, . - with_pad

	.globl without_pad
	.type without_pad, %function
without_pad:
	mov x0, #2
	ret
	.size without_pad, . - without_pad
	.section .note.GNU-stack, "", %progbits
