"""Which fields of glibc's private structures a row of the layout table holds.

One line per field: the name in struct rl_glibc_layout, then glibc's names for it, the first that exists counts.
A name alone stands for itself with glibc's leading underscore.  A trailing ":bit" marks a bit-field.
The order is the order of the initialisers; meaning and readers of each field are in ldso/abi/glibc/layout.h.
"""

TEXT = """
global = rtld_global
    ns_loaded            _dl_ns[0]._ns_loaded
    ns_nloaded           _dl_ns[0]._ns_nloaded
    ns_main_searchlist   _dl_ns[0]._ns_main_searchlist
    ns_global_scope_alloc _dl_ns[0]._ns_global_scope_alloc
    libc_map             _dl_ns[0].libc_map
    dl_nns
    dl_load_lock
    dl_load_write_lock
    dl_load_tls_lock
    dl_load_adds
    dl_profile_map
    dl_all_dirs
    dl_rtld_map
    dl_rtld_lock_recursive
    dl_rtld_unlock_recursive
    dl_make_stack_executable_hook
    dl_stack_flags       _dl_stack_flags _dl_stack_prot_flags
    dl_tls_max_dtv_idx
    dl_tls_dtv_slotinfo_list
    dl_tls_static_nelem
    dl_tls_static_size
    dl_tls_static_used
    dl_tls_static_align
    dl_initial_dtv
    dl_tls_generation
    dl_init_static_tls
    dl_wait_lookup_done
    dl_scope_free_list
    dl_stack_used
    dl_stack_user
    dl_stack_cache
    dl_stack_cache_actsize
    dl_in_flight_stack
    dl_stack_cache_lock
global_ro = rtld_global_ro
    dl_debug_mask
    dl_platform
    dl_platformlen
    dl_pagesize
    dl_minsigstacksize
    dl_inhibit_cache
    dl_initial_searchlist
    dl_clktck
    dl_verbose
    dl_debug_fd
    dl_lazy
    dl_bind_not
    dl_dynamic_weak
    dl_fpu_control
    dl_hwcap
    dl_hwcap2
    dl_hwcap3
    dl_hwcap4
    dl_auxv
    dl_cpu_features      _dl_x86_cpu_features _dl_aarch64_cpu_features
    dl_tls_static_size
    dl_tls_static_align
    dl_tls_static_surplus
    dl_init_all_dirs
    dl_sysinfo_dso
    dl_sysinfo_map
    dl_vdso_clock_gettime64
    dl_vdso_gettimeofday
    dl_vdso_time
    dl_vdso_getcpu
    dl_vdso_clock_getres_time64
    dl_vdso_getrandom
    dl_debug_printf
    dl_mcount
    dl_lookup_symbol_x
    dl_open
    dl_close
    dl_catch_error
    dl_error_free
    dl_tls_get_addr_soft
    dl_libc_freeres
    dl_find_object
    dl_readonly_area
    dl_dlfcn_hook
    dl_audit
    dl_naudit
link_map = link_map
    l_addr               l_addr
    l_name               l_name
    l_ld                 l_ld
    l_next               l_next
    l_prev               l_prev
    l_real               l_real
    l_ns                 l_ns
    l_libname            l_libname
    l_info               l_info
    l_phdr               l_phdr
    l_entry              l_entry
    l_phnum              l_phnum
    l_ldnum              l_ldnum
    l_searchlist         l_searchlist
    l_loader             l_loader
    l_nbuckets           l_nbuckets
    l_gnu_bitmask_idxbits l_gnu_bitmask_idxbits
    l_gnu_shift          l_gnu_shift
    l_gnu_bitmask        l_gnu_bitmask
    l_gnu_buckets        l_gnu_buckets
    l_gnu_chain_zero     l_gnu_chain_zero
    l_chain              l_chain
    l_buckets            l_buckets
    l_type:bit           l_type
    l_relocated:bit      l_relocated
    l_init_called:bit    l_init_called
    l_global:bit         l_global
    l_auditing:bit       l_auditing
    l_audit_any_plt:bit  l_audit_any_plt
    l_contiguous:bit     l_contiguous
    l_free_initfini:bit  l_free_initfini
    l_ld_readonly:bit    l_ld_readonly
    l_origin             l_origin
    l_map_start          l_map_start
    l_map_end            l_map_end
    l_scope_max          l_scope_max
    l_scope              l_scope
    l_local_scope        l_local_scope
    l_initfini           l_initfini
    l_flags_1            l_flags_1
    l_tls_initimage      l_tls_initimage
    l_tls_initimage_size l_tls_initimage_size
    l_tls_blocksize      l_tls_blocksize
    l_tls_align          l_tls_align
    l_tls_firstbyte_offset l_tls_firstbyte_offset
    l_tls_offset         l_tls_offset
    l_tls_modid          l_tls_modid
    l_tls_dtor_count     l_tls_dtor_count
    l_relro_addr         l_relro_addr
    l_relro_size         l_relro_size
pthread = pthread
    header.tcb           header.tcb
    header.dtv           header.dtv
    header.self          header.self
    header.multiple_threads header.multiple_threads
    header.gscope_flag   header.gscope_flag
    header.sysinfo       header.sysinfo
    header.stack_guard   header.stack_guard
    header.pointer_guard header.pointer_guard
    header.feature_1     header.feature_1
    list                 list
    tid                  tid
    robust_prev          robust_prev
    robust_head          robust_head
    cleanup              cleanup
    cleanup_jmp_buf      cleanup_jmp_buf
    cancelhandling       cancelhandling
    flags                flags
    specific_1stblock    specific_1stblock
    specific             specific
    specific_used        specific_used
    report_events        report_events
    user_stack           user_stack
    stack_mode           stack_mode
    joinstate            joinstate
    joinid               joinid
    schedpolicy          schedpolicy
    start_routine        start_routine
    eventbuf             eventbuf
    nextevent            nextevent
    exc                  exc
    stackblock           stackblock
    stackblock_size      stackblock_size
    guardsize            guardsize
    rseq_area            rseq_area
    rtld_catch           rtld_catch
cpu_features = cpu_features
    basic                basic
    features             features
    preferred            preferred
    isa_1                isa_1
    xsave_state_size     xsave_state_size
    xsave_state_full_size xsave_state_full_size
    data_cache_size      data_cache_size
    shared_cache_size    shared_cache_size
    non_temporal_threshold non_temporal_threshold
    memset_non_temporal_threshold memset_non_temporal_threshold
    rep_movsb_threshold  rep_movsb_threshold
    rep_movsb_stop_threshold rep_movsb_stop_threshold
    rep_stosb_threshold  rep_stosb_threshold
    level1_icache_size   level1_icache_size
    level1_icache_linesize level1_icache_linesize
    level1_dcache_size   level1_dcache_size
    level1_dcache_assoc  level1_dcache_assoc
    level1_dcache_linesize level1_dcache_linesize
    level2_cache_size    level2_cache_size
    level2_cache_assoc   level2_cache_assoc
    level2_cache_linesize level2_cache_linesize
    level3_cache_size    level3_cache_size
    level3_cache_assoc   level3_cache_assoc
    level3_cache_linesize level3_cache_linesize
    level4_cache_size    level4_cache_size
    midr_el1             midr_el1
    zva_size             zva_size
"""


def sections():
    """[(section, glibc structure, [(name, is_bit, [glibc names])])]"""
    result = []
    for line in TEXT.splitlines():
        words = line.split()
        if not words:
            continue
        if words[1:2] == ['=']:
            result.append((words[0], words[2], []))
            continue
        name, _, kind = words[0].partition(':')
        result[-1][2].append((name, kind == 'bit', words[1:] or ['_' + name]))
    return result
