/* glibc's tunables: GLIBC_TUNABLES and the older variables, read as each release reads them.
 *
 * Runs while the configuration is made, and again if the libc found later is of another release.  The common case,
 * no variable at all, costs a look at the first letters of each variable.  Follows what glibc's manual, chapter
 * "Tunables", promises, and what the original does with text that the manual leaves open: until 2.38 nonsense is
 * ignored piece by piece, since 2.39 one stray character makes the whole variable void.
 */
#include "tunables.h"

#include <string.h>

#include "../../base/sys.h"

static const struct rl_tunable *row_of(const struct rl_tunables *tunables, unsigned int id)
{
	return &rl_tunable_rows[rl_tunable_ids[tunables->list->first + id]];
}

static bool is_strict(const struct rl_tunables *tunables)
{
	return tunables->list->release >= 239;
}

const struct rl_tunable_list *rl_tunable_list_find(unsigned int release, size_t count)
{
	const struct rl_tunable_list *nearest = NULL;
	for (size_t i = 0; i < rl_tunable_lists_count; i++) {
		const struct rl_tunable_list *list = &rl_tunable_lists[i];
		if (list->machine != RL_PORT_MACHINE)
			continue;
		if (nearest != NULL && list->release > release)
			break;
		if (list->release == release && count != 0 && list->count == count)
			return list;
		if (nearest == NULL || list->release != nearest->release)
			nearest = list;
	}
	return nearest;
}

/* The id of a name that lacks its "glibc.", or -1. */
static int find_id(const struct rl_tunables *tunables, const char *name, size_t length)
{
	for (unsigned int id = 0; id < tunables->list->count; id++) {
		const struct rl_tunable *row = row_of(tunables, id);
		if (row->name[0] == name[0] && strncmp(row->name, name, length) == 0 && row->name[length] == '\0')
			return (int)id;
	}
	return -1;
}

static int find_full_id(const struct rl_tunables *tunables, const char *name, size_t length)
{
	static const char prefix[] = {'g', 'l', 'i', 'b', 'c', '.'};
	if (length <= sizeof prefix || memcmp(name, prefix, sizeof prefix) != 0)
		return -1;
	return find_id(tunables, name + sizeof prefix, length - sizeof prefix);
}

/* The original's number: base by prefix, a sign, and the largest value for whatever comes near an overflow. */
static uint64_t read_number(const char *text, const char **out_end)
{
	uint64_t number = 0;
	unsigned int base = 10;
	bool is_negative = false;
	while (*text == ' ' || *text == '\t')
		text++;
	if (*text == '-' || *text == '+')
		is_negative = *text++ == '-';
	if (*text == '0') {
		base = 8;
		if (text[1] == 'x' || text[1] == 'X') {
			base = 16;
			text += 2;
		}
	}
	for (;; text++) {
		unsigned int digit = (unsigned int)(*text - '0');
		if (base == 16 && digit > 9)
			digit = (unsigned int)((*text | 0x20) - 'a') < 6 ? (unsigned int)((*text | 0x20) - 'a') + 10
									 : base;
		if (digit >= base)
			break;
		if (number >= (UINT64_MAX - digit) / base) {
			*out_end = text;
			return UINT64_MAX;
		}
		number = number * base + digit;
	}
	*out_end = text;
	return is_negative ? -number : number;
}

static bool is_in_range(const struct rl_tunable *row, int64_t value)
{
	if (row->type == RL_TUNABLE_INT32)
		return value >= row->low && value <= row->high;
	return (uint64_t)value >= (uint64_t)row->low && (uint64_t)value <= (uint64_t)row->high;
}

/* Out of range leaves the tunable as it was. */
static void set_value(struct rl_tunables *tunables, unsigned int id, const char *text, size_t length)
{
	const struct rl_tunable *row = row_of(tunables, id);
	uint64_t bit = (uint64_t)1 << id;
	if (row->type != RL_TUNABLE_STRING) {
		const char *end;
		int64_t number = (int64_t)read_number(text, &end);
		if (is_strict(tunables) && end != text + length) {
			if (!(tunables->set & bit)) {
				tunables->refused |= bit;
				tunables->values[id].text = text;
				tunables->values[id].length = length;
			}
			return;
		}
		if (is_strict(tunables) && row->type == RL_TUNABLE_INT32)
			number = (int32_t)number;
		if (!is_in_range(row, number))
			return;
		tunables->values[id].number = number;
	} else {
		tunables->values[id].text = text;
		tunables->values[id].length = length;
	}
	tunables->set |= bit;
	tunables->refused &= ~bit;
}

/* What a set-user-id program does, until 2.38.  The administrator may allow malloc.check. */
struct caution {
	bool is_secure;
	bool may_check;
};

static bool is_erased(const struct caution *caution, const struct rl_tunable *row)
{
	return row->level == RL_TUNABLE_ERASE && !(caution->may_check && strcmp(row->name, "malloc.check") == 0);
}

static bool is_read(const struct caution *caution, const struct rl_tunable *row)
{
	return !caution->is_secure || (caution->may_check && strcmp(row->name, "malloc.check") == 0);
}

/* Until 2.38: pick the pieces that make sense.  A set-user-id program keeps in the variable only what its children may
 * see; what is kept moves towards the front, so it never overwrites what is still to be read. */
static void parse_lenient(struct rl_tunables *tunables, char *text, const struct caution *caution)
{
	char *kept = text, *next = text;
	for (;;) {
		char *name = next, *end;
		while (*next != '=' && *next != ':' && *next != '\0')
			next++;
		if (*next == '\0')
			break;
		if (*next++ == ':')
			continue;
		for (end = next; *end != ':' && *end != '\0'; end++)
			;
		int id = find_full_id(tunables, name, (size_t)(next - 1 - name));
		if (id >= 0) {
			const struct rl_tunable *row = row_of(tunables, (unsigned int)id);
			if (is_read(caution, row))
				set_value(tunables, (unsigned int)id, next, (size_t)(end - next));
			if (caution->is_secure && !is_erased(caution, row)) {
				if (kept > text)
					*kept++ = ':';
				memmove(kept, name, (size_t)(end - name));
				kept += end - name;
			}
		}
		if (*end == '\0')
			break;
		next = end + 1;
	}
	if (caution->is_secure)
		*kept = '\0';
}

/* One piece of text and where it ends. */
struct piece {
	const char *text;
	size_t length;
};

/* Since 2.39: split the variable, or find it void. */
static bool split_strict(const struct rl_tunables *tunables, const char *text, struct piece *out_pieces)
{
	if (*text == '\0')
		return true;
	for (;;) {
		const char *name = text, *value;
		while (*text != '=' && *text != ':' && *text != '\0')
			text++;
		if (*text == '\0')
			return false;
		if (*text++ == ':')
			continue;
		value = text;
		while (*text != '=' && *text != ':' && *text != '\0')
			text++;
		if (*text == '=')
			return false;
		int id = find_full_id(tunables, name, (size_t)(value - 1 - name));
		if (id >= 0)
			out_pieces[id] = (struct piece){value, (size_t)(text - value)};
		if (*text == '\0')
			return true;
	}
}

static void parse_strict(struct rl_tunables *tunables, const char *text)
{
	struct piece pieces[RL_TUNABLE_COUNT_MAX];
	memset(pieces, 0, sizeof pieces);
	if (!split_strict(tunables, text, pieces)) {
		tunables->malformed = text;
		return;
	}
	int secure = find_id(tunables, "rtld.enable_secure", strlen("rtld.enable_secure"));
	if (secure >= 0 && pieces[secure].text != NULL) {
		const char *end;
		uint64_t number = read_number(pieces[secure].text, &end);
		if (number == 1 && end == pieces[secure].text + pieces[secure].length) {
			tunables->wants_secure = true;
			return;
		}
	}
	for (unsigned int id = 0; id < tunables->list->count; id++) {
		if (pieces[id].text != NULL)
			set_value(tunables, id, pieces[id].text, pieces[id].length);
	}
}

/* The tunable that an older variable sets, or -1. */
static int find_alias(const struct rl_tunables *tunables, const char *variable)
{
	if (strncmp(variable, "MALLOC_", 7) != 0 && strncmp(variable, "LD_HWCAP", 8) != 0
	    && strncmp(variable, "LD_PREFER", 9) != 0)
		return -1;
	for (unsigned int id = 0; id < tunables->list->count; id++) {
		const char *alias = row_of(tunables, id)->alias;
		if (alias[0] != variable[0] || alias[3] != variable[3])
			continue; /* most: they have none */
		size_t length = strlen(alias);
		if (strncmp(variable, alias, length) == 0 && variable[length] == '=')
			return (int)id;
	}
	return -1;
}

/* Take a variable out of the environment wherever it occurs from here on. */
static void erase_variable(char **envp, const char *name)
{
	size_t length = strlen(name);
	char **to = envp;
	for (char **from = envp; *from != NULL; from++) {
		if (strncmp(*from, name, length) != 0 || (*from)[length] != '=')
			*to++ = *from;
	}
	*to = NULL;
}

static bool is_glibc_tunables(const char *variable)
{
	return variable[0] == 'G' && strncmp(variable, "GLIBC_TUNABLES=", 15) == 0;
}

static bool may_be_alias(const char *variable)
{
	return variable[0] == 'M' || (variable[0] == 'L' && variable[1] == 'D');
}

/* Act on one variable; true if it is gone and the next one has taken its place. */
static bool read_lenient(struct rl_tunables *tunables, char **at, const struct caution *caution)
{
	if (is_glibc_tunables(*at)) {
		parse_lenient(tunables, *at + 15, caution);
		return false;
	}
	int id = may_be_alias(*at) ? find_alias(tunables, *at) : -1;
	if (id < 0)
		return false;
	const struct rl_tunable *row = row_of(tunables, (unsigned int)id);
	if (is_read(caution, row)) {
		const char *text = *at + strlen(row->alias) + 1;
		if (!rl_tunables_is_set(tunables, (unsigned int)id))
			set_value(tunables, (unsigned int)id, text, strlen(text));
		return false;
	}
	if (is_erased(caution, row))
		erase_variable(at, row->alias);
	return is_erased(caution, row);
}

/* Until 2.38: in the order of the environment; an older variable counts unless something has set the tunable. */
static void start_lenient(struct rl_tunables *tunables, char **envp, bool is_secure)
{
	struct caution caution = {is_secure, false};
	struct stat unused;
	if (is_secure)
		caution.may_check = rl_sys_stat("/etc/suid-debug", &unused) == 0;
	for (char **at = envp; *at != NULL;) {
		if (!read_lenient(tunables, at, &caution))
			at++;
	}
}

/* Since 2.39: the last of several equal variables counts, and GLIBC_TUNABLES beats them all. */
static void start_strict(struct rl_tunables *tunables, char **envp)
{
	const char *aliases[RL_TUNABLE_COUNT_MAX];
	bool has_alias = false;
	for (char **at = envp; *at != NULL; at++) {
		if (is_glibc_tunables(*at)) {
			parse_strict(tunables, *at + 15);
			continue;
		}
		int id = may_be_alias(*at) ? find_alias(tunables, *at) : -1;
		if (id < 0)
			continue;
		if (!has_alias)
			memset(aliases, 0, sizeof aliases);
		has_alias = true;
		aliases[id] = strchr(*at, '=') + 1;
	}
	if (!has_alias || tunables->wants_secure)
		return;
	for (unsigned int id = 0; id < tunables->list->count; id++) {
		if (aliases[id] != NULL && !rl_tunables_is_set(tunables, id))
			set_value(tunables, id, aliases[id], strlen(aliases[id]));
	}
}

void rl_tunables_start_list(struct rl_tunables *out, const struct rl_tunable_list *list, char **envp, bool is_secure)
{
	out->list = list;
	out->set = 0;
	out->refused = 0;
	out->malformed = NULL;
	out->wants_secure = false;
	if (!is_strict(out))
		start_lenient(out, envp, is_secure);
	else if (!is_secure)
		start_strict(out, envp);
}

void rl_tunables_start(struct rl_tunables *out, unsigned int release, char **envp, bool is_secure)
{
	rl_tunables_start_list(out, rl_tunable_list_find(release, 0), envp, is_secure);
}

/* glibc's tunable_val_t: what a callback is given. */
union value {
	int64_t number;
	struct piece string; /* until 2.38 only its first member exists */
};

void rl_tunables_get(const struct rl_tunables *tunables, unsigned int id, void *out, void (*callback)(void *))
{
	union value value = {.string = {NULL, 0}};
	if (id >= tunables->list->count)
		return;
	const struct rl_tunable *row = row_of(tunables, id);
	bool is_set = rl_tunables_is_set(tunables, id);
	if (row->type != RL_TUNABLE_STRING)
		value.number = is_set ? tunables->values[id].number : row->value;
	else if (is_set)
		value.string = (struct piece){tunables->values[id].text, tunables->values[id].length};
	if (row->type == RL_TUNABLE_INT32)
		memcpy(out, &(int32_t){(int32_t)value.number}, sizeof(int32_t));
	else if (row->type == RL_TUNABLE_STRING && is_strict(tunables))
		memcpy(out, &value.string, sizeof value.string);
	else
		memcpy(out, &value, sizeof value.number);
	if (is_set && callback != NULL)
		callback(&value);
}

bool rl_tunables_is_set(const struct rl_tunables *tunables, unsigned int id)
{
	return id < tunables->list->count && (tunables->set >> id & 1);
}

const struct rl_tunable *rl_tunables_find(const struct rl_tunables *tunables, const char *name)
{
	int id = find_full_id(tunables, name, strlen(name));
	return id < 0 ? NULL : row_of(tunables, (unsigned int)id);
}

int64_t rl_tunables_number(const struct rl_tunables *tunables, const char *name, int64_t absent)
{
	int id = find_full_id(tunables, name, strlen(name));
	if (id < 0)
		return absent;
	return rl_tunables_is_set(tunables, (unsigned int)id) ? tunables->values[id].number
							      : row_of(tunables, (unsigned int)id)->value;
}

bool rl_tunables_set_number(const struct rl_tunables *tunables, const char *name, int64_t *out)
{
	int id = tunables->set ? find_full_id(tunables, name, strlen(name)) : -1;
	if (id < 0 || !rl_tunables_is_set(tunables, (unsigned int)id))
		return false;
	*out = tunables->values[id].number;
	return true;
}

const char *rl_tunables_text(const struct rl_tunables *tunables, const char *name, size_t *out_length)
{
	int id = tunables->set ? find_full_id(tunables, name, strlen(name)) : -1;
	if (id < 0 || !rl_tunables_is_set(tunables, (unsigned int)id))
		return NULL;
	*out_length = tunables->values[id].length;
	return tunables->values[id].text;
}
