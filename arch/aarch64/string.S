/* aarch64: memset, in place of musl's, which uses a vector register: the linker's own code must not. */
	.text
	.globl memset
	.hidden memset
	.type memset, @function
	.balign 16
memset:
	.cfi_startproc
	hint #34 /* bti c */
	and x1, x1, #0xff
	mov x3, #0x0101010101010101
	mul x1, x1, x3
	mov x3, x0
	add x4, x0, x2
	cmp x2, #16
	b.lo 4f
	stp x1, x1, [x4, #-16] /* the end; what follows stops short of it */
	sub x5, x4, #64
	cmp x3, x5
	b.hi 2f
1:	stp x1, x1, [x3]
	stp x1, x1, [x3, #16]
	stp x1, x1, [x3, #32]
	stp x1, x1, [x3, #48]
	add x3, x3, #64
	cmp x3, x5
	b.ls 1b
2:	sub x5, x4, #16
	b 3f
5:	stp x1, x1, [x3], #16
3:	cmp x3, x5
	b.lo 5b
	ret
6:	strb w1, [x3], #1
4:	cmp x3, x4
	b.ne 6b
	ret
	.cfi_endproc
	.size memset, . - memset

	.section .note.GNU-stack, "", @progbits
