/* riscv64: entries that compiled code reaches outside the calling convention: the PLT's lazy path and TLS descriptors.
 *
 * Every register that may carry an argument survives.  The C code behind these entries touches no floating-point
 * register (the build checks it), so only integer registers are saved; where foreign code must run (an IFUNC resolver),
 * rl_port_call_preserving saves the rest.
 */
#include "function.h"

	.text

	.macro OPEN size
	addi sp, sp, -\size
	.cfi_adjust_cfa_offset \size
	.endm

	.macro CLOSE size
	addi sp, sp, \size
	.cfi_adjust_cfa_offset -\size
	.endm

	.macro SAVE register, place
	sd \register, \place(sp)
	.cfi_rel_offset \register, \place
	.endm

	.macro RESTORE register, place
	ld \register, \place(sp)
	.cfi_restore \register
	.endm

/* From PLT0: t0 is got[1], the object; t1 the slot's distance from got[2]; ra the return address of the call. */
FUNCTION rl_port_lazy_trampoline
	OPEN 80
	SAVE ra, 0
	SAVE a0, 8
	SAVE a1, 16
	SAVE a2, 24
	SAVE a3, 32
	SAVE a4, 40
	SAVE a5, 48
	SAVE a6, 56
	SAVE a7, 64
	mv a0, t0
	srli a1, t1, 3
	call rl_lazy_bind
	mv t1, a0
	RESTORE ra, 0
	RESTORE a0, 8
	RESTORE a1, 16
	RESTORE a2, 24
	RESTORE a3, 32
	RESTORE a4, 40
	RESTORE a5, 48
	RESTORE a6, 56
	RESTORE a7, 64
	CLOSE 80
	jr t1
END rl_port_lazy_trampoline

/* Registers that a function may change, and the control register: all that lazily bound calls and TLS descriptors may
 * have in use.  Symbols whose arguments are in vector registers are never bound lazily. */
	.macro EACH_FLOAT instruction
	\instruction fa0, 16(sp)
	\instruction fa1, 24(sp)
	\instruction fa2, 32(sp)
	\instruction fa3, 40(sp)
	\instruction fa4, 48(sp)
	\instruction fa5, 56(sp)
	\instruction fa6, 64(sp)
	\instruction fa7, 72(sp)
	\instruction ft0, 80(sp)
	\instruction ft1, 88(sp)
	\instruction ft2, 96(sp)
	\instruction ft3, 104(sp)
	\instruction ft4, 112(sp)
	\instruction ft5, 120(sp)
	\instruction ft6, 128(sp)
	\instruction ft7, 136(sp)
	\instruction ft8, 144(sp)
	\instruction ft9, 152(sp)
	\instruction ft10, 160(sp)
	\instruction ft11, 168(sp)
	.endm

/* uintptr_t rl_port_call_preserving(uintptr_t (*fn)(uintptr_t), uintptr_t argument) */
FUNCTION rl_port_call_preserving
	OPEN 176
	SAVE ra, 0
	frcsr t0
	sd t0, 8(sp)
	EACH_FLOAT fsd
	mv t1, a0
	mv a0, a1
	jalr t1
	EACH_FLOAT fld
	ld t0, 8(sp)
	fscsr t0
	RESTORE ra, 0
	CLOSE 176
	ret
END rl_port_call_preserving

/* TLS descriptors: a0 points at the descriptor {entry, argument}, t0 is where to return; the result in a0 is the
 * variable's offset from the thread pointer; all other registers survive. */
FUNCTION rl_port_tlsdesc_static
	.cfi_return_column t0
	ld a0, 8(a0)
	jr t0
END rl_port_tlsdesc_static

FUNCTION rl_port_tlsdesc_undefined_weak
	.cfi_return_column t0
	ld a0, 8(a0)
	sub a0, a0, tp
	jr t0
END rl_port_tlsdesc_undefined_weak

/* The argument is a struct rl_tls_descriptor: generation at 0, module at 8, offset at 16, and at 24 where a thread
 * keeps its dtv.  A thread that has none yet, or whose dtv is older than the module, takes the slow path. */
FUNCTION rl_port_tlsdesc_dynamic
	.cfi_return_column t0
	OPEN 32
	SAVE t1, 0
	SAVE t2, 8
	SAVE t3, 16
	ld t1, 8(a0)
	ld t2, 24(t1)
	add t2, tp, t2
	ld t2, 0(t2) /* the dtv; its generation is its first word */
	beqz t2, 1f
	ld a0, 0(t2)
	ld t3, 0(t1)
	bltu a0, t3, 1f
	ld t3, 8(t1)
	slli t3, t3, 4
	add t2, t2, t3
	ld a0, 0(t2)
	li t3, -1
	beq a0, t3, 1f
	ld t3, 16(t1)
	add a0, a0, t3
2:	sub a0, a0, tp
	RESTORE t1, 0
	RESTORE t2, 8
	RESTORE t3, 16
	CLOSE 32
	jr t0
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset t1, 0
	.cfi_rel_offset t2, 8
	.cfi_rel_offset t3, 16
1:	OPEN 96
	SAVE ra, 0
	SAVE t0, 8
	SAVE t4, 16
	SAVE t5, 24
	SAVE t6, 32
	SAVE a1, 40
	SAVE a2, 48
	SAVE a3, 56
	SAVE a4, 64
	SAVE a5, 72
	SAVE a6, 80
	SAVE a7, 88
	mv a0, t1
	call rl_tls_descriptor_address
	RESTORE ra, 0
	RESTORE t0, 8
	RESTORE t4, 16
	RESTORE t5, 24
	RESTORE t6, 32
	RESTORE a1, 40
	RESTORE a2, 48
	RESTORE a3, 56
	RESTORE a4, 64
	RESTORE a5, 72
	RESTORE a6, 80
	RESTORE a7, 88
	CLOSE 96
	j 2b
END rl_port_tlsdesc_dynamic

	.section .note.GNU-stack, "", @progbits
