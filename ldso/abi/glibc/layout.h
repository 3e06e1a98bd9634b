/* Where the fields of glibc's private structures are, for one build family of glibc.
 *
 * libc.so.6 reads the linker's _rtld_global and _rtld_global_ro, every object's struct link_map and the thread
 * descriptor struct pthread at offsets that were compiled into it.  Those differ between releases and between states
 * of one release's stable branch.  A row of rl_glibc_layouts holds them for one family; fingerprint.c chooses the row
 * by looking at the libc.so.6 that was mapped.  The rows are generated (tools/glibc-layout/), this file is written by
 * hand: field names are glibc's without the leading underscore; "N: x" says who reads the field, where libc means
 * libc.so.6 and its companions, db means libthread_db, and own means only linkers.
 */
#ifndef RL_ABI_GLIBC_LAYOUT_H
#define RL_ABI_GLIBC_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The offset of a field that a release does not have. */
#define RL_ABSENT 0xffffu

/* Place of a bit-field: bit 0 is the least significant one of the byte.  byte is RL_ABSENT if there is none. */
struct rl_bit {
	uint16_t byte;
	uint8_t bit;
};

/* struct rtld_global, the type of _rtld_global. */
struct rl_glibc_global {
	uint16_t size;
	uint16_t ns_loaded;                     /* head of the base namespace's list, the program; libc, db */
	uint16_t ns_nloaded;                    /* u32, length of that list; libc (dlpi_subs) */
	uint16_t ns_main_searchlist;            /* -> r_scope_elem of the global scope; libc's freeres */
	uint16_t ns_global_scope_alloc;         /* u32, leave 0: else freeres frees our array; libc */
	uint16_t libc_map;                      /* link_map of libc.so.6; own */
	uint16_t dl_nns;                        /* 1 + highest namespace in use; libc (dl_iterate_phdr) */
	uint16_t dl_load_lock;                  /* recursive mutex, reset by fork in the child; libc */
	uint16_t dl_load_write_lock;            /* recursive mutex, held by dl_iterate_phdr; libc */
	uint16_t dl_load_tls_lock;              /* recursive mutex, reset by fork in the child; libc */
	uint16_t dl_load_adds;                  /* u64, objects ever added; libc (dlpi_adds) */
	uint16_t dl_profile_map;                /* object being profiled, NULL; libc */
	uint16_t dl_all_dirs;                   /* must equal global_ro.dl_init_all_dirs; libc's freeres */
	uint16_t dl_rtld_map;                   /* the linker's own link_map, in place; own */
	uint16_t dl_rtld_lock_recursive;        /* function(mutex), replaced by libpthread's constructor; libc */
	uint16_t dl_rtld_unlock_recursive;      /* function(mutex), as above; libc */
	uint16_t dl_make_stack_executable_hook; /* function, replaced by libpthread's constructor; own */
	uint16_t dl_stack_flags;                /* u32, PF_* or PROT_* of stacks, see stack_flags_kind; libc */
	uint16_t dl_tls_max_dtv_idx;            /* u64, highest module id; own */
	uint16_t dl_tls_dtv_slotinfo_list;      /* -> {length, next, {generation, map}[]}, never NULL; libc, db */
	uint16_t dl_tls_static_nelem;           /* u64, modules with static TLS; own */
	uint16_t dl_tls_static_size;            /* u64, until 2.33 here; libpthread */
	uint16_t dl_tls_static_used;            /* u64; own */
	uint16_t dl_tls_static_align;           /* u64, until 2.33 here; libpthread */
	uint16_t dl_initial_dtv;                /* main thread's dtv, never NULL; libc's freeres */
	uint16_t dl_tls_generation;             /* u64; own */
	uint16_t dl_init_static_tls;            /* function(map), replaced by libpthread's constructor; own */
	uint16_t dl_wait_lookup_done;           /* function(), replaced by libpthread's constructor; own */
	uint16_t dl_scope_free_list;            /* NULL; libc's freeres */
	uint16_t dl_stack_used;                 /* circular list of pthread.list: stacks of libc's own; libc, db */
	uint16_t dl_stack_user;                 /* the same for stacks of others, and main's; libc, db */
	uint16_t dl_stack_cache;                /* the same for stacks without a thread; libc */
	uint16_t dl_stack_cache_actsize;        /* u64, bytes in the cache; libc */
	uint16_t dl_in_flight_stack;            /* u64, list change in progress; libc */
	uint16_t dl_stack_cache_lock;           /* int futex lock: 0 free, 1 taken, 2 contended; libc */
	uint16_t ns_size;                       /* bytes from one namespace to the next */
	uint16_t ns_count;                      /* namespaces there is room for */
};

/* struct rtld_global_ro, the type of _rtld_global_ro. */
struct rl_glibc_global_ro {
	uint16_t size;
	uint16_t dl_debug_mask;           /* u32, 0: anything else makes libc print; libc */
	uint16_t dl_platform;             /* AT_PLATFORM; own */
	uint16_t dl_platformlen;          /* u64, its length; own */
	uint16_t dl_pagesize;             /* u64, AT_PAGESZ; libc */
	uint16_t dl_minsigstacksize;      /* u64, AT_MINSIGSTKSZ; libc (sysconf) */
	uint16_t dl_inhibit_cache;        /* int; own */
	uint16_t dl_initial_searchlist;   /* r_scope_elem in place; libc's freeres */
	uint16_t dl_clktck;               /* int, AT_CLKTCK; libc (sysconf, clock) */
	uint16_t dl_verbose;              /* int; own */
	uint16_t dl_debug_fd;             /* int; own */
	uint16_t dl_lazy;                 /* int; own */
	uint16_t dl_bind_not;             /* int; own */
	uint16_t dl_dynamic_weak;         /* int; own */
	uint16_t dl_fpu_control;          /* u16, the FPU's initial control word; libc */
	uint16_t dl_hwcap;                /* u64, what getauxval(AT_HWCAP) answers; libc */
	uint16_t dl_hwcap2;               /* u64, AT_HWCAP2; libc */
	uint16_t dl_hwcap3;               /* u64, AT_HWCAP3; libc */
	uint16_t dl_hwcap4;               /* u64, AT_HWCAP4; libc */
	uint16_t dl_auxv;                 /* the auxiliary vector on the stack; libc (getauxval) */
	uint16_t dl_cpu_features;         /* struct rl_glibc_cpu_features in place; libc, libm before relocation ends */
	uint16_t dl_tls_static_size;      /* u64, since 2.34 here; libc (pthread_create) */
	uint16_t dl_tls_static_align;     /* u64, since 2.34 here; libc */
	uint16_t dl_tls_static_surplus;   /* u64; own */
	uint16_t dl_init_all_dirs;        /* not NULL: "the linker is active", see dlfcn_hook_needs_null_dirs; libc */
	uint16_t dl_sysinfo_dso;          /* ELF header of the vDSO; own */
	uint16_t dl_sysinfo_map;          /* link_map of the vDSO; libc's IFUNC resolvers, see vdso_by_lookup */
	uint16_t dl_vdso_clock_gettime64; /* function or NULL; libc */
	uint16_t dl_vdso_gettimeofday;    /* function or NULL; libc since 2.41 */
	uint16_t dl_vdso_time;            /* function or NULL; libc since 2.41 */
	uint16_t dl_vdso_getcpu;          /* function or NULL; libc */
	uint16_t dl_vdso_clock_getres_time64; /* function or NULL; libc */
	uint16_t dl_vdso_getrandom;           /* function or NULL; libc */
	uint16_t dl_debug_printf;             /* function(format, ...); libc if dl_debug_mask */
	uint16_t dl_mcount;                   /* function(from, self); libc */
	uint16_t dl_lookup_symbol_x;          /* function; libc (dlsym, vDSO) */
	uint16_t dl_open;                     /* function; libc */
	uint16_t dl_close;                    /* function(map); libc */
	uint16_t dl_catch_error;              /* function, see exception_owner; libc */
	uint16_t dl_error_free;               /* function(message); libc (dlerror) */
	uint16_t dl_tls_get_addr_soft;        /* function(map); libc (dl_iterate_phdr) */
	uint16_t dl_libc_freeres;             /* function(); libc's freeres */
	uint16_t dl_find_object;              /* function(pc, result); libc's _dl_find_object jumps through it */
	uint16_t dl_readonly_area;            /* function(start, size); libc (fortified printf) */
	uint16_t dl_dlfcn_hook;               /* table of 13 functions or NULL; every dl* entry point of libc */
	uint16_t dl_audit;                    /* list of auditors; libc */
	uint16_t dl_naudit;                   /* u32, their number; libc */
};

/* struct link_map.  The first five are public (<link.h>). */
struct rl_glibc_link_map {
	uint16_t size;
	uint16_t l_addr;                 /* bias; libc, db, debuggers */
	uint16_t l_name;                 /* path, "" for the program; libc, debuggers */
	uint16_t l_ld;                   /* dynamic section; libc, debuggers */
	uint16_t l_next;                 /* libc, db, debuggers */
	uint16_t l_prev;                 /* debuggers */
	uint16_t l_real;                 /* itself; libc (dl_iterate_phdr) */
	uint16_t l_ns;                   /* long, namespace id; libc (dlinfo) */
	uint16_t l_libname;              /* -> {name, next, int dont_free}; libc's freeres */
	uint16_t l_info;                 /* array of Dyn pointers, see rl_glibc_info_index; libc */
	uint16_t l_phdr;                 /* program headers in memory; libc */
	uint16_t l_entry;                /* entry address; own */
	uint16_t l_phnum;                /* u16; libc */
	uint16_t l_ldnum;                /* u16, entries of the dynamic section; own */
	uint16_t l_searchlist;           /* r_scope_elem {list, u32 count} in place: the closure; own */
	uint16_t l_loader;               /* object that caused the load; libc (RTLD_NEXT) */
	uint16_t l_nbuckets;             /* u32; libc (dladdr) */
	uint16_t l_gnu_bitmask_idxbits;  /* u32, bloom words - 1; own */
	uint16_t l_gnu_shift;            /* u32; own */
	uint16_t l_gnu_bitmask;          /* bloom filter; own */
	uint16_t l_gnu_buckets;          /* libc (dladdr) */
	uint16_t l_gnu_chain_zero;       /* chain words as if indexed from symbol 0; libc (dladdr) */
	uint16_t l_chain;                /* DT_HASH chain: the place of l_gnu_buckets; libc */
	uint16_t l_buckets;              /* DT_HASH buckets: the place of l_gnu_chain_zero; libc */
	struct rl_bit l_type;            /* 2 bits: 0 executable, 1 library, 2 opened; libc (dladdr) */
	struct rl_bit l_relocated;       /* own */
	struct rl_bit l_init_called;     /* own */
	struct rl_bit l_global;          /* in the global scope; own */
	struct rl_bit l_auditing;        /* belongs to an auditor; own */
	struct rl_bit l_audit_any_plt;   /* own */
	struct rl_bit l_contiguous;      /* the span has no foreign holes; libc (dladdr, dl_iterate_phdr) */
	struct rl_bit l_free_initfini;   /* 0: else freeres frees l_initfini; libc */
	struct rl_bit l_ld_readonly;     /* the dynamic section holds offsets, not addresses; libc (dladdr) */
	uint16_t l_origin;               /* directory or (char *)-1; libc (dlinfo) */
	uint16_t l_map_start;            /* first address; libc */
	uint16_t l_map_end;              /* end of the last segment; libc */
	uint16_t l_scope_max;            /* u64, room in l_scope; own */
	uint16_t l_scope;                /* NULL-terminated array of r_scope_elem *; libc (RTLD_DEFAULT) */
	uint16_t l_local_scope;          /* two r_scope_elem *, in place; libc (dlsym(handle), vDSO) */
	uint16_t l_initfini;             /* array of maps; freeres writes NULL */
	uint16_t l_flags_1;              /* u32, DT_FLAGS_1; own */
	uint16_t l_tls_initimage;        /* own */
	uint16_t l_tls_initimage_size;   /* own */
	uint16_t l_tls_blocksize;        /* own */
	uint16_t l_tls_align;            /* own */
	uint16_t l_tls_firstbyte_offset; /* own */
	uint16_t l_tls_offset;           /* i64, place in static TLS; db */
	uint16_t l_tls_modid;            /* u64, 0 without TLS; libc, db */
	uint16_t l_tls_dtor_count;       /* u64 atomic: do not unmap while > 0; libc counts */
	uint16_t l_relro_addr;           /* vaddr; own */
	uint16_t l_relro_size;           /* own */
	uint16_t l_info_count;           /* elements of l_info */
	uint16_t l_info_thisproc;        /* of these, for DT_LOPROC... : DT_THISPROCNUM of <elf.h> */
};

/* tcbhead_t at the start of struct pthread.  On machines with TLS above the thread pointer it lies behind it. */
struct rl_glibc_header {
	uint16_t tcb;              /* the thread pointer; compiled code */
	uint16_t dtv;              /* compiled code never, libc and db do */
	uint16_t self;             /* the descriptor; libc */
	uint16_t multiple_threads; /* int; libc */
	uint16_t gscope_flag;      /* int; libc (dlsym) */
	uint16_t sysinfo;          /* own */
	uint16_t stack_guard;      /* the canary; compiled code */
	uint16_t pointer_guard;    /* setjmp, atexit; libc */
	uint16_t feature_1;        /* u32, control-flow enforcement; compiled code */
};

/* struct pthread.  libc makes all but the main thread's. */
struct rl_glibc_pthread {
	uint16_t size;
	struct rl_glibc_header header;
	uint16_t list;              /* {next, prev} in one of global's stack lists; libc, db */
	uint16_t tid;               /* int; libc, db */
	uint16_t robust_prev;       /* = &robust_head; libc */
	uint16_t robust_head;       /* the kernel's struct robust_list_head; libc, kernel */
	uint16_t cleanup;           /* cancellation handlers; libc */
	uint16_t cleanup_jmp_buf;   /* libc */
	uint16_t cancelhandling;    /* int; libc, db */
	uint16_t flags;             /* int; libc */
	uint16_t specific_1stblock; /* 32 keys in place; libc */
	uint16_t specific;          /* pointers to blocks of keys, [0] = specific_1stblock; libc, db */
	uint16_t specific_used;     /* bool; libc */
	uint16_t report_events;     /* bool; libc, db */
	uint16_t user_stack;        /* bool: 1 for main, its stack is not libc's; libc */
	uint16_t stack_mode;        /* u32, replaces user_stack, see main_stack_mode; libc */
	uint16_t joinstate;         /* u32, see clear_tid; libc */
	uint16_t joinid;            /* struct pthread * until 2.42; libc */
	uint16_t schedpolicy;       /* int; libc, db */
	uint16_t start_routine;     /* libc, db */
	uint16_t eventbuf;          /* db */
	uint16_t nextevent;         /* db */
	uint16_t exc;               /* _Unwind_Exception of cancellation; libc */
	uint16_t stackblock;        /* NULL for main; libc */
	uint16_t stackblock_size;   /* for main the stack's end address; libc */
	uint16_t guardsize;         /* libc */
	uint16_t rseq_area;         /* struct rseq in place, see rseq_place; libc, kernel */
	uint16_t rtld_catch;        /* the linker's innermost exception handler; own */
};

/* struct cpu_features, at global_ro.dl_cpu_features. */
struct rl_glibc_cpu_features {
	uint16_t size;
	uint16_t basic;                         /* u32 kind, max_cpuid, family, model, stepping; libc */
	uint16_t features;                      /* per leaf cpuid {eax..edx} and active {eax..edx}; IFUNC resolvers */
	uint16_t preferred;                     /* u32, see preferred_kind; IFUNC resolvers */
	uint16_t isa_1;                         /* u32, levels x86-64-v1... that are usable; own */
	uint16_t xsave_state_size;              /* u64; own */
	uint16_t xsave_state_full_size;         /* u32; own */
	uint16_t data_cache_size;               /* u64, first level; libc, like all that follow */
	uint16_t shared_cache_size;             /* u64 */
	uint16_t non_temporal_threshold;        /* u64, never 0: memcpy would crash */
	uint16_t memset_non_temporal_threshold; /* u64 */
	uint16_t rep_movsb_threshold;           /* u64 */
	uint16_t rep_movsb_stop_threshold;      /* u64 */
	uint16_t rep_stosb_threshold;           /* u64 */
	uint16_t level1_icache_size;            /* u64, for sysconf, like all that follow */
	uint16_t level1_icache_linesize;
	uint16_t level1_dcache_size;
	uint16_t level1_dcache_assoc;
	uint16_t level1_dcache_linesize;
	uint16_t level2_cache_size;
	uint16_t level2_cache_assoc;
	uint16_t level2_cache_linesize;
	uint16_t level3_cache_size;
	uint16_t level3_cache_assoc;
	uint16_t level3_cache_linesize;
	uint16_t level4_cache_size;
	uint16_t midr_el1;       /* u64, AArch64: which core; IFUNC resolvers */
	uint16_t zva_size;       /* u32, AArch64: block of DC ZVA, 0 none; libc (memset) */
	uint16_t features_count; /* elements of features, 0 if the release has another form */
};

/* Who owns _dl_catch_exception, _dl_signal_error and the chain of handlers. */
enum rl_glibc_exception_owner {
	RL_GLIBC_EXCEPTIONS_IN_LIBC,   /* until 2.36: throw with libc's functions once it is relocated */
	RL_GLIBC_EXCEPTIONS_IN_LINKER, /* since 2.37: libc imports ours; the chain starts at pthread.rtld_catch */
};

/* What the bits of global.dl_stack_flags are. */
enum rl_glibc_stack_flags {
	RL_GLIBC_STACK_FLAGS_PF,   /* until 2.42: PF_R | PF_W | PF_X of PT_GNU_STACK */
	RL_GLIBC_STACK_FLAGS_PROT, /* since 2.43: PROT_READ | PROT_WRITE | PROT_EXEC */
};

/* Which field of the main thread's descriptor set_tid_address is given. */
enum rl_glibc_clear_tid {
	RL_GLIBC_CLEAR_TID,       /* pthread.tid, until 2.42 */
	RL_GLIBC_CLEAR_JOINSTATE, /* pthread.joinstate, since 2.43; tid is stored once, joinstate starts as 2 */
};

/* Where the restartable-sequence area of a thread is. */
enum rl_glibc_rseq_place {
	RL_GLIBC_RSEQ_NONE,      /* until 2.34: libc does not use it */
	RL_GLIBC_RSEQ_PTHREAD,   /* 2.35 to 2.40: pthread.rseq_area */
	RL_GLIBC_RSEQ_EXTRA_TLS, /* since 2.41: a block of static TLS behind all modules, __rseq_offset tells */
};

/* Who sets up the main thread beyond the TCB header. */
enum rl_glibc_thread_setup {
	RL_GLIBC_THREADS_BY_LIBPTHREAD, /* until 2.33: libpthread's constructor */
	RL_GLIBC_THREADS_BY_LINKER,     /* since 2.34 */
};

/* The numbering of cpu_features.preferred.  Up to bit 9 (AVX_Fast_Unaligned_Load) the last two agree. */
enum rl_glibc_preferred {
	RL_GLIBC_PREFERRED_NONE,  /* until the first 2.33: other numbers, leave the word 0 */
	RL_GLIBC_PREFERRED_MAP32, /* 10 Prefer_MAP_32BIT_EXEC, 11 Prefer_No_VZEROUPPER ... ; 2.34: leave 16 and up 0 */
	RL_GLIBC_PREFERRED_PLAIN, /* 2.35 to 2.37: 10 Prefer_No_VZEROUPPER, 11 Prefer_ERMS ... */
};

/* One family of builds. */
struct rl_glibc_layout {
	uint16_t release; /* 236 is 2.36 */
	uint16_t machine; /* e_machine: a port uses the rows with RL_PORT_MACHINE */
	char label[28];   /* a build that has this layout, for messages */

	/* What differs in meaning though offsets may not, by the release. */
	enum rl_glibc_exception_owner exception_owner : 8;
	enum rl_glibc_stack_flags stack_flags_kind : 8;
	enum rl_glibc_clear_tid clear_tid : 8;
	enum rl_glibc_rseq_place rseq_place : 8;
	enum rl_glibc_thread_setup thread_setup : 8;
	enum rl_glibc_preferred preferred_kind : 8;
	uint8_t main_stack_mode;         /* value of user_stack or stack_mode for the main thread */
	bool has_dlfcn_hook;             /* global_ro.dl_dlfcn_hook is honoured */
	bool dlfcn_hook_needs_null_dirs; /* ... only while dl_init_all_dirs is NULL: 2.34 and 2.35 */
	bool vdso_by_lookup;             /* libc's resolvers look gettimeofday and time up in dl_sysinfo_map: <= 2.40 */
	bool strings_have_length;        /* string tunables are {pointer, size}: since 2.39 */

	struct rl_glibc_global global;
	struct rl_glibc_global_ro global_ro;
	struct rl_glibc_link_map link_map;
	struct rl_glibc_pthread pthread;
	struct rl_glibc_cpu_features cpu_features;
};

extern const struct rl_glibc_layout rl_glibc_layouts[];
extern const size_t rl_glibc_layouts_count;

/* The element of link_map.l_info for a dynamic tag, or -1 if the array has none for it. */
int rl_glibc_info_index(const struct rl_glibc_layout *layout, int64_t tag);

/* Tags below this one are their own index. */
int rl_glibc_info_plain(const struct rl_glibc_layout *layout);

#endif
