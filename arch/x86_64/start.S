/* x86_64: from the kernel to C and from C to the program (System V ABI, "Process Initialization").
 * %rsp points at argc; nothing is relocated yet, so only relative references are allowed until crt returns. */
	.text
	.globl _start
	.type _start, @function
	.balign 16
_start:
	.cfi_startproc
	.cfi_undefined rip
	xorl %ebp, %ebp
	movq %rsp, %rbx
	andq $-16, %rsp
	leaq __ehdr_start(%rip), %rdi
	leaq _DYNAMIC(%rip), %rsi
	call rl_self_relocate
	movq %rbx, %rdi
	call rl_start /* struct rl_transfer: entry in %rax, stack in %rdx */
	movq %rdx, %rsp
	leaq rl_finish(%rip), %rdx /* the ABI: a function for atexit */
	xorl %ebp, %ebp
	jmpq *%rax
	.cfi_endproc
	.size _start, . - _start

/* A libc that is its own loader was entered like a program and comes back here (AT_ENTRY): %rsp is again what the
 * kernel gave. */
	.globl rl_port_hosted_return
	.hidden rl_port_hosted_return
	.type rl_port_hosted_return, @function
	.balign 16
rl_port_hosted_return:
	.cfi_startproc
	.cfi_undefined rip
	xorl %ebp, %ebp
	andq $-16, %rsp
	call rl_start_hosted /* struct rl_transfer */
	movq %rdx, %rsp
	xorl %edx, %edx
	xorl %ebp, %ebp
	jmpq *%rax
	.cfi_endproc
	.size rl_port_hosted_return, . - rl_port_hosted_return

	.hidden __ehdr_start
	.hidden _DYNAMIC
	.section .note.GNU-stack, "", @progbits
