/* The ELF header's checks: each way to be wrong has its own status, and which comes first is the original's order. */
#include "../../ldso/elf/header.h"

#include "check.h"

static struct rl_file_head good_head(void)
{
	struct rl_file_head head = {.size = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr)};
	Elf64_Ehdr header = {.e_type = ET_DYN,
			     .e_machine = EM_X86_64,
			     .e_version = EV_CURRENT,
			     .e_phoff = sizeof header,
			     .e_ehsize = sizeof header,
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_phnum = 1};
	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	memcpy(head.bytes, &header, sizeof header);
	return head;
}

/* One byte of the header changed. */
struct change {
	size_t offset;
	unsigned char value;
	enum rl_status status;
};

/* In the order in which they are found: an earlier one hides all later ones. */
static const struct change changes[] = {
	{EI_MAG0, 'x', RL_ELF_MAGIC},
	{EI_CLASS, ELFCLASS32, RL_ELF_CLASS},
	{EI_DATA, ELFDATA2MSB, RL_ELF_DATA},
	{EI_VERSION, 9, RL_ELF_IDENT_VERSION},
	{EI_OSABI, 77, RL_ELF_OSABI},
	{EI_ABIVERSION, 9, RL_ELF_ABI_VERSION},
	{EI_PAD, 1, RL_ELF_PADDING},
	{offsetof(Elf64_Ehdr, e_version), 2, RL_ELF_VERSION},
	{offsetof(Elf64_Ehdr, e_machine), EM_386, RL_ELF_MACHINE},
	{offsetof(Elf64_Ehdr, e_type), ET_REL, RL_ELF_TYPE},
	{offsetof(Elf64_Ehdr, e_phentsize), 1, RL_ELF_PHENTSIZE},
};
enum { CHANGE_COUNT = sizeof changes / sizeof *changes };

static void order_check(void)
{
	for (size_t first = 0; first < CHANGE_COUNT; first++) {
		struct rl_file_head head = good_head();
		head.bytes[changes[first].offset] = changes[first].value;
		CHECK(rl_header_check(&head) == changes[first].status);
		for (size_t later = first + 1; later < CHANGE_COUNT; later++)
			head.bytes[changes[later].offset] = changes[later].value;
		CHECK(rl_header_check(&head) == changes[first].status);
	}
}

static enum rl_status with_abi(unsigned char os, unsigned char version)
{
	struct rl_file_head head = good_head();
	head.bytes[EI_OSABI] = os;
	head.bytes[EI_ABIVERSION] = version;
	return rl_header_check(&head);
}

static void abi_check(void)
{
	CHECK(with_abi(ELFOSABI_SYSV, 0) == RL_OK);
	CHECK(with_abi(ELFOSABI_SYSV, 1) == RL_ELF_ABI_VERSION);
	for (unsigned char version = 0; version < 4; version++)
		CHECK(with_abi(ELFOSABI_GNU, version) == RL_OK);
	CHECK(with_abi(ELFOSABI_GNU, 4) == RL_ELF_ABI_VERSION);
	CHECK(with_abi(ELFOSABI_FREEBSD, 0) == RL_ELF_OSABI);
	for (int pad = EI_PAD; pad < EI_NIDENT; pad++) {
		struct rl_file_head head = good_head();
		head.bytes[pad] = 0x80;
		CHECK(rl_header_check(&head) == RL_ELF_PADDING);
	}
}

static void size_check(void)
{
	struct rl_file_head head = good_head();
	CHECK(rl_header_check(&head) == RL_OK);
	for (head.size = 0; head.size < sizeof(Elf64_Ehdr); head.size++)
		CHECK(rl_header_check(&head) == RL_FILE_TOO_SHORT);
	CHECK(rl_header_check(&head) == RL_OK);
	static const unsigned char types[] = {ET_NONE, ET_REL, ET_CORE, 9};
	for (size_t i = 0; i < sizeof types; i++) {
		head.bytes[offsetof(Elf64_Ehdr, e_type)] = types[i];
		CHECK(rl_header_check(&head) == RL_ELF_TYPE);
	}
	head.bytes[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
	CHECK(rl_header_check(&head) == RL_OK);
}

int main(void)
{
	order_check();
	abi_check();
	size_check();
	return check_result();
}
