/* Probes: places in our code that debuggers and tracers find by name, in the ELF notes of SystemTap (SDT, version 3).
 * A probe is one nop; the note says where it is and in which registers its arguments are.  Nothing is read at run time. */
#ifndef RL_LDSO_PROBE_H
#define RL_LDSO_PROBE_H

/* A note about the nop with label 990.  The base, one byte of memory, tells tools how far the file was moved after it
 * was linked. */
#define RL_PROBE_NOTE(name, arguments)                                                                                 \
	"990: nop\n"                                                                                                   \
	".pushsection .note.stapsdt, \"\", %%note\n"                                                                   \
	".balign 4\n"                                                                                                  \
	".4byte 992f - 991f, 994f - 993f, 3\n"                                                                         \
	"991: .asciz \"stapsdt\"\n"                                                                                    \
	"992: .balign 4\n"                                                                                             \
	"993: .8byte 990b, _.stapsdt.base, 0\n"                                                                        \
	".asciz \"rtld\", \"" name "\", \"" arguments "\"\n"                                                           \
	"994: .balign 4\n"                                                                                             \
	".popsection\n"                                                                                                \
	".ifndef _.stapsdt.base\n"                                                                                     \
	".pushsection .stapsdt.base, \"aG\", %%progbits, .stapsdt.base, comdat\n"                                      \
	".weak _.stapsdt.base\n"                                                                                       \
	".hidden _.stapsdt.base\n"                                                                                     \
	"_.stapsdt.base: .space 1\n"                                                                                   \
	".size _.stapsdt.base, 1\n"                                                                                    \
	".popsection\n"                                                                                                \
	".endif\n"

/* The forms that the dynamic linker's probes have: a namespace's number and its struct r_debug, and a link_map. */
#define RL_PROBE_2(name, number, debug)                                                                                \
	__asm__ volatile(RL_PROBE_NOTE(name, "-8@%0 8@%1") : : "r"((long)(number)), "r"(debug))
#define RL_PROBE_3(name, number, debug, map)                                                                           \
	__asm__ volatile(RL_PROBE_NOTE(name, "-8@%0 8@%1 8@%2") : : "r"((long)(number)), "r"(debug), "r"(map))

#endif
