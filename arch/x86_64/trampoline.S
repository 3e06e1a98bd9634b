/* x86_64: entries that compiled code reaches outside the calling convention: the PLT's lazy path and TLS descriptors.
 *
 * Every register that may carry an argument survives.  The C code behind these entries is compiled without vector and
 * x87 instructions (the build checks it), so only integer registers are saved; where foreign code must run (an IFUNC
 * resolver), rl_port_call_preserving saves the rest as xsave.c decided.
 */
	.text

	.macro SAVE register
	pushq %\register
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset \register, 0
	.endm

	.macro RESTORE register
	popq %\register
	.cfi_adjust_cfa_offset -8
	.cfi_restore \register
	.endm

/* From PLT0: (%rsp) the object, 8(%rsp) the relocation's index, 16(%rsp) the return address of the call. */
	.globl rl_port_lazy_trampoline
	.hidden rl_port_lazy_trampoline
	.type rl_port_lazy_trampoline, @function
	.balign 16
rl_port_lazy_trampoline:
	.cfi_startproc
	.cfi_adjust_cfa_offset 16
	SAVE rax /* al: the number of vector registers a variadic call uses */
	SAVE rcx
	SAVE rdx
	SAVE rsi
	SAVE rdi
	SAVE r8
	SAVE r9
	SAVE r10 /* static chain */
	SAVE r11
	movq 72(%rsp), %rdi
	movq 80(%rsp), %rsi
	call rl_lazy_bind
	movq %rax, 80(%rsp) /* return to the target instead of popping the index */
	RESTORE r11
	RESTORE r10
	RESTORE r9
	RESTORE r8
	RESTORE rdi
	RESTORE rsi
	RESTORE rdx
	RESTORE rcx
	RESTORE rax
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size rl_port_lazy_trampoline, . - rl_port_lazy_trampoline

/* uintptr_t rl_port_call_preserving(uintptr_t (*fn)(uintptr_t), uintptr_t argument) */
	.globl rl_port_call_preserving
	.hidden rl_port_call_preserving
	.type rl_port_call_preserving, @function
	.balign 16
rl_port_call_preserving:
	.cfi_startproc
	SAVE rbp
	movq %rsp, %rbp
	.cfi_def_cfa_register rbp
	pushq %rbx
	.cfi_offset rbx, -24
	pushq %r12
	.cfi_offset r12, -32
	movq %rdi, %rbx
	movq %rsi, %r12
	movl rl_port_xsave_size(%rip), %ecx
	testl %ecx, %ecx
	jz 3f

	subq %rcx, %rsp
	andq $-64, %rsp
	xorl %eax, %eax
	.irp offset, 0, 8, 16, 24, 32, 40, 48, 56
	movq %rax, 512 + \offset(%rsp)
	.endr
	movl rl_port_xsave_mask(%rip), %eax
	movl 4 + rl_port_xsave_mask(%rip), %edx
	cmpb $0, rl_port_xsave_compact(%rip)
	je 1f
	xsavec (%rsp)
	jmp 2f
1:	xsave (%rsp)
2:	movq %r12, %rdi
	call *%rbx
	movq %rax, %rbx
	movl rl_port_xsave_mask(%rip), %eax
	movl 4 + rl_port_xsave_mask(%rip), %edx
	xrstor (%rsp)
	jmp 4f

3:	subq $512, %rsp
	andq $-16, %rsp
	fxsave (%rsp)
	movq %r12, %rdi
	call *%rbx
	movq %rax, %rbx
	fxrstor (%rsp)

4:	movq %rbx, %rax
	leaq -16(%rbp), %rsp
	popq %r12
	popq %rbx
	popq %rbp
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
	.size rl_port_call_preserving, . - rl_port_call_preserving

/* TLS descriptors (psABI "TLS descriptors"): %rax points at the descriptor {entry, argument}; the result is the
 * variable's offset from the thread pointer in %rax; all other registers survive. */
	.globl rl_port_tlsdesc_static
	.hidden rl_port_tlsdesc_static
	.type rl_port_tlsdesc_static, @function
	.balign 16
rl_port_tlsdesc_static:
	.cfi_startproc
	movq 8(%rax), %rax
	ret
	.cfi_endproc
	.size rl_port_tlsdesc_static, . - rl_port_tlsdesc_static

	.globl rl_port_tlsdesc_undefined_weak
	.hidden rl_port_tlsdesc_undefined_weak
	.type rl_port_tlsdesc_undefined_weak, @function
	.balign 16
rl_port_tlsdesc_undefined_weak:
	.cfi_startproc
	movq 8(%rax), %rax
	subq %fs:0, %rax
	ret
	.cfi_endproc
	.size rl_port_tlsdesc_undefined_weak, . - rl_port_tlsdesc_undefined_weak

/* The argument is a struct rl_tls_descriptor: generation at 0, module at 8, offset at 16, and at 24 where a thread
 * keeps its dtv.  A thread that has none yet, or whose dtv is older than the module, takes the slow path. */
	.globl rl_port_tlsdesc_dynamic
	.hidden rl_port_tlsdesc_dynamic
	.type rl_port_tlsdesc_dynamic, @function
	.balign 16
rl_port_tlsdesc_dynamic:
	.cfi_startproc
	SAVE rdi
	SAVE rsi
	movq 8(%rax), %rdi
	movq 24(%rdi), %rsi
	movq %fs:(%rsi), %rsi /* the dtv; its generation is its first word */
	testq %rsi, %rsi
	jz 1f
	movq (%rsi), %rax
	cmpq (%rdi), %rax
	jb 1f
	movq 8(%rdi), %rax
	shlq $4, %rax
	movq (%rsi,%rax), %rax
	cmpq $-1, %rax
	je 1f
	addq 16(%rdi), %rax
2:	subq %fs:0, %rax
	RESTORE rsi
	RESTORE rdi
	ret
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset rsi, 0
	.cfi_rel_offset rdi, 8
1:	SAVE rcx
	SAVE rdx
	SAVE r8
	SAVE r9
	SAVE r10
	SAVE r11
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call rl_tls_descriptor_address
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	RESTORE r11
	RESTORE r10
	RESTORE r9
	RESTORE r8
	RESTORE rdx
	RESTORE rcx
	jmp 2b
	.cfi_endproc
	.size rl_port_tlsdesc_dynamic, . - rl_port_tlsdesc_dynamic

	.section .note.GNU-stack, "", @progbits
