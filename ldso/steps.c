/* Steps of start-up that do not depend on the libc. */
#include "steps.h"

#include "base/sys.h"
#include "link/graph.h"
#include "link/load.h"
#include "link/open.h"

static struct rl_linker *linker(void)
{
	return &rl_process.linker;
}

void rl_must(enum rl_status status, struct rl_diag *diag)
{
	if (status != RL_OK) {
		(void)!rl_fail(diag, status);
		rl_config.fatal(diag);
	}
}

uintptr_t rl_program_bias(const Elf64_Phdr *phdrs, size_t count)
{
	uintptr_t bias = 0;
	for (size_t i = 0; i < count; i++)
		if (phdrs[i].p_type == PT_PHDR)
			bias = (uintptr_t)phdrs - phdrs[i].p_vaddr;
	return bias;
}

void rl_image_adopt(enum rl_object_kind kind, const char *path, uintptr_t header_address,
			struct rl_object **out_object, struct rl_diag *diag)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)header_address;
	const Elf64_Phdr *phdrs = (const Elf64_Phdr *)(header_address + header->e_phoff);
	uintptr_t bias = header_address;
	for (size_t i = header->e_phnum; i-- > 0;)
		if (phdrs[i].p_type == PT_LOAD)
			bias = header_address + phdrs[i].p_offset - phdrs[i].p_vaddr;
	struct rl_adoption adoption = {.kind = kind,
				       .path = path,
				       .phdrs = phdrs,
				       .phdr_count = header->e_phnum,
				       .bias = bias,
				       .entry = bias + header->e_entry};
	rl_must(rl_adopt(linker(), &linker()->base, &adoption, out_object, diag), diag);
	(*out_object)->is_relocated = true;
}

/* Step: who sees whose symbols. */
void rl_scopes_make(struct rl_diag *diag)
{
	struct rl_object *program = linker()->program;
	rl_must(linker()->sort != NULL ? linker()->sort(program) : rl_graph_sort(program), diag);
	rl_must(rl_own_scope_make(program), diag);
	rl_must(rl_globalize(program), diag);
	for (size_t i = 0; i < program->closure.count; i++)
		rl_must(rl_search_list_make(program->closure.items[i], program, false), diag);
}

/* Step: objects can be found by address: the unwinder and dlsym's callers. */
void rl_addresses_publish(struct rl_diag *diag)
{
	rl_must(rl_address_reserve(&linker()->addresses, linker()->base.count), diag);
	rl_address_add_list(&linker()->addresses, linker()->base.first);
}

/* Step: our own RELRO, configuration included, becomes read-only. */
void rl_seal(void)
{
	const struct rl_span *relro = &linker()->self->relro;
	if (relro->end > relro->start)
		rl_sys_protect(relro->start, relro->end - relro->start, 1 /* PROT_READ */);
}
