/* aarch64: from the kernel to C and from C to the program.
 * sp points at argc; nothing is relocated yet, so only relative references are allowed until crt returns.  Landing pads
 * are written as hints, which older CPUs pass over. */
	.text
	.globl _start
	.type _start, @function
	.balign 16
_start:
	.cfi_startproc
	.cfi_undefined x30
	hint #38 /* bti jc */
	mov x29, #0
	mov x30, #0
	mov x19, sp
	adrp x0, __ehdr_start
	add x0, x0, :lo12:__ehdr_start
	adrp x1, _DYNAMIC
	add x1, x1, :lo12:_DYNAMIC
	bl rl_self_relocate
	mov x0, x19
	bl rl_start /* struct rl_transfer: entry in x0, stack in x1 */
	mov sp, x1
	mov x16, x0
	adrp x0, rl_finish /* the ABI: a function for atexit */
	add x0, x0, :lo12:rl_finish
	mov x29, #0
	mov x30, #0
	br x16
	.cfi_endproc
	.size _start, . - _start

/* A libc that is its own loader was entered like a program and comes back here (AT_ENTRY): sp is again what the
 * kernel gave. */
	.globl rl_port_hosted_return
	.hidden rl_port_hosted_return
	.type rl_port_hosted_return, @function
	.balign 16
rl_port_hosted_return:
	.cfi_startproc
	.cfi_undefined x30
	hint #38
	mov x29, #0
	mov x30, #0
	bl rl_start_hosted /* struct rl_transfer */
	mov sp, x1
	mov x16, x0
	mov x0, #0
	mov x29, #0
	mov x30, #0
	br x16
	.cfi_endproc
	.size rl_port_hosted_return, . - rl_port_hosted_return

	.hidden __ehdr_start
	.hidden _DYNAMIC
	.section .note.GNU-stack, "", @progbits
