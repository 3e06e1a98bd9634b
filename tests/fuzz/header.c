/* The header check over any first bytes of a file. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../ldso/elf/header.h"

int fuzz_header(const uint8_t *data, size_t size)
{
	struct rl_file_head head;
	head.size = size < sizeof head.bytes ? size : sizeof head.bytes;
	memset(head.bytes, 0xa5, sizeof head.bytes);
	memcpy(head.bytes, data, head.size);
	enum rl_status status = rl_header_check(&head);
	if ((unsigned)status >= RL_STATUS_COUNT)
		abort();
	fuzz_accepted += status == RL_OK;
	return 0;
}
