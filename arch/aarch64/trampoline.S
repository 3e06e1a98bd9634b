/* aarch64: entries that compiled code reaches outside the calling convention: the PLT's lazy path and TLS descriptors.
 *
 * Every register that may carry an argument survives.  The C code behind these entries is compiled without vector
 * instructions (the build checks it), so only integer registers are saved; where foreign code must run (an IFUNC
 * resolver), rl_port_call_preserving saves the rest.  Landing pads are hints: bti c.
 */
	.text

	.macro FUNCTION name
	.globl \name
	.hidden \name
	.type \name, @function
	.balign 16
\name:
	.cfi_startproc
	hint #34
	.endm

	.macro END name
	.cfi_endproc
	.size \name, . - \name
	.endm

	/* Two registers at a place of the frame that OPEN made, and back. */
	.macro SAVE one, other, place
	stp \one, \other, [sp, #\place]
	.cfi_rel_offset \one, \place
	.cfi_rel_offset \other, \place + 8
	.endm

	.macro RESTORE one, other, place
	ldp \one, \other, [sp, #\place]
	.cfi_restore \one
	.cfi_restore \other
	.endm

	.macro OPEN size
	sub sp, sp, #\size
	.cfi_adjust_cfa_offset \size
	.endm

	.macro CLOSE size
	add sp, sp, #\size
	.cfi_adjust_cfa_offset -\size
	.endm

/* From PLT0: x16 is &got[2], [sp] the address of the slot, [sp + 8] the return address of the call.  The object is in
 * got[1], and slots begin at got[3]. */
FUNCTION rl_port_lazy_trampoline
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset x30, 8
	OPEN 144
	SAVE x0, x1, 0
	SAVE x2, x3, 16
	SAVE x4, x5, 32
	SAVE x6, x7, 48
	SAVE x8, x9, 64 /* x8: where a large result goes */
	SAVE x10, x11, 80
	SAVE x12, x13, 96
	SAVE x14, x15, 112
	SAVE x18, x29, 128 /* x18: static chain */
	ldr x0, [x16, #-8]
	ldr x1, [sp, #144]
	sub x1, x1, x16
	sub x1, x1, #8
	lsr x1, x1, #3
	bl rl_lazy_bind
	mov x16, x0
	RESTORE x0, x1, 0
	RESTORE x2, x3, 16
	RESTORE x4, x5, 32
	RESTORE x6, x7, 48
	RESTORE x8, x9, 64
	RESTORE x10, x11, 80
	RESTORE x12, x13, 96
	RESTORE x14, x15, 112
	RESTORE x18, x29, 128
	CLOSE 144
	ldr x30, [sp, #8]
	.cfi_restore x30
	CLOSE 16
	br x16
END rl_port_lazy_trampoline

/* uintptr_t rl_port_call_preserving(uintptr_t (*fn)(uintptr_t), uintptr_t argument).  Symbols whose arguments are more
 * than q0-q7 are never bound lazily, and TLS descriptors promise no more than q0-q31. */
FUNCTION rl_port_call_preserving
	OPEN 528
	SAVE x29, x30, 0
	add x9, sp, #16
	st1 {v0.2d-v3.2d}, [x9], #64
	st1 {v4.2d-v7.2d}, [x9], #64
	st1 {v8.2d-v11.2d}, [x9], #64
	st1 {v12.2d-v15.2d}, [x9], #64
	st1 {v16.2d-v19.2d}, [x9], #64
	st1 {v20.2d-v23.2d}, [x9], #64
	st1 {v24.2d-v27.2d}, [x9], #64
	st1 {v28.2d-v31.2d}, [x9], #64
	mov x16, x0
	mov x0, x1
	blr x16
	add x9, sp, #16
	ld1 {v0.2d-v3.2d}, [x9], #64
	ld1 {v4.2d-v7.2d}, [x9], #64
	ld1 {v8.2d-v11.2d}, [x9], #64
	ld1 {v12.2d-v15.2d}, [x9], #64
	ld1 {v16.2d-v19.2d}, [x9], #64
	ld1 {v20.2d-v23.2d}, [x9], #64
	ld1 {v24.2d-v27.2d}, [x9], #64
	ld1 {v28.2d-v31.2d}, [x9], #64
	RESTORE x29, x30, 0
	CLOSE 528
	ret
END rl_port_call_preserving

/* TLS descriptors: x0 points at the descriptor {entry, argument}; the result in x0 is the variable's offset from the
 * thread pointer; all other registers but the flags survive. */
FUNCTION rl_port_tlsdesc_static
	ldr x0, [x0, #8]
	ret
END rl_port_tlsdesc_static

FUNCTION rl_port_tlsdesc_undefined_weak
	OPEN 16
	str x1, [sp]
	ldr x0, [x0, #8]
	mrs x1, tpidr_el0
	sub x0, x0, x1
	ldr x1, [sp]
	CLOSE 16
	ret
END rl_port_tlsdesc_undefined_weak

/* The argument is a struct rl_tls_descriptor: generation at 0, module at 8, offset at 16, and at 24 where a thread
 * keeps its dtv.  A thread that has none yet, or whose dtv is older than the module, takes the slow path. */
FUNCTION rl_port_tlsdesc_dynamic
	OPEN 32
	SAVE x1, x2, 0
	SAVE x3, x4, 16
	ldr x1, [x0, #8]
	mrs x4, tpidr_el0
	ldr x2, [x1, #24]
	ldr x2, [x4, x2] /* the dtv; its generation is its first word */
	cbz x2, 1f
	ldr x0, [x1]
	ldr x3, [x2]
	cmp x3, x0
	b.lo 1f
	ldr x3, [x1, #8]
	add x3, x2, x3, lsl #4
	ldr x0, [x3]
	cmn x0, #1
	b.eq 1f
	ldr x3, [x1, #16]
	add x0, x0, x3
2:	sub x0, x0, x4
	RESTORE x1, x2, 0
	RESTORE x3, x4, 16
	CLOSE 32
	ret
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset x1, 0
	.cfi_rel_offset x2, 8
	.cfi_rel_offset x3, 16
	.cfi_rel_offset x4, 24
1:	OPEN 144
	SAVE x5, x6, 0
	SAVE x7, x8, 16
	SAVE x9, x10, 32
	SAVE x11, x12, 48
	SAVE x13, x14, 64
	SAVE x15, x16, 80
	SAVE x17, x18, 96
	SAVE x29, x30, 112
	mov x0, x1
	bl rl_tls_descriptor_address
	RESTORE x5, x6, 0
	RESTORE x7, x8, 16
	RESTORE x9, x10, 32
	RESTORE x11, x12, 48
	RESTORE x13, x14, 64
	RESTORE x15, x16, 80
	RESTORE x17, x18, 96
	RESTORE x29, x30, 112
	CLOSE 144
	mrs x4, tpidr_el0
	b 2b
END rl_port_tlsdesc_dynamic

	.section .note.GNU-stack, "", @progbits
