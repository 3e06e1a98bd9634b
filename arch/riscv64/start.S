/* riscv64: from the kernel to C and from C to the program.
 * sp points at argc; nothing is relocated yet, so only relative references are allowed until crt returns. */
	.text
	.globl _start
	.type _start, @function
	.balign 4
_start:
	.cfi_startproc
	.cfi_undefined ra
	li s0, 0
	mv s1, sp
	lla a0, __ehdr_start
	lla a1, _DYNAMIC
	call rl_self_relocate
	mv a0, s1
	call rl_start /* struct rl_transfer: entry in a0, stack in a1 */
	mv sp, a1
	mv t1, a0
	lla a0, rl_finish /* the ABI: a function for atexit */
	li ra, 0
	jr t1
	.cfi_endproc
	.size _start, . - _start

/* A libc that is its own loader was entered like a program and comes back here (AT_ENTRY): sp is again what the
 * kernel gave. */
	.globl rl_port_hosted_return
	.hidden rl_port_hosted_return
	.type rl_port_hosted_return, @function
	.balign 4
rl_port_hosted_return:
	.cfi_startproc
	.cfi_undefined ra
	li s0, 0
	call rl_start_hosted /* struct rl_transfer */
	mv sp, a1
	mv t1, a0
	li a0, 0
	li ra, 0
	jr t1
	.cfi_endproc
	.size rl_port_hosted_return, . - rl_port_hosted_return

	.hidden __ehdr_start
	.hidden _DYNAMIC
	.section .note.GNU-stack, "", @progbits
