/* _r_debug of <link.h>, and behind it the place of what its version 2 adds: the chain of namespaces.  Programs know the
 * symbol by its first size, and a linker that offered a larger one would be reported by those that copy it; C has no
 * way to name the beginning of an object.  The types are in debug.h. */
	.bss
	.balign 8
	.globl	_r_debug
	.type	_r_debug, %object
	.size	_r_debug, 40
	.globl	rl_debug_first
	.hidden	rl_debug_first
	.type	rl_debug_first, %object
	.size	rl_debug_first, 48
_r_debug:
rl_debug_first:
	.zero	48

	.section .note.GNU-stack, "", %progbits
