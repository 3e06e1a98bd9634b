int leaf(void);
int leaf_indirect(void);

static int choice_low(int x)
{
	return x + 1;
}

static int choice_high(int x)
{
	return x * 10;
}

/* Resolved while this library itself is being relocated, so it may call nothing. */
static int (*resolve_choice(void))(int)
{
	return choice_high;
}

/* Referred to by the program only, which is relocated last: the resolver may call into another library. */
static int (*resolve_far_choice(void))(int)
{
	return leaf() >= 2 ? choice_low : choice_high;
}

int far_choice(int x) __attribute__((ifunc("resolve_far_choice")));

int choice(int x) __attribute__((ifunc("resolve_choice")));
static int local_choice(int x) __attribute__((ifunc("resolve_choice")));

int (*choice_pointer)(int) = choice;
int (*leaf_pointer)(void) = leaf_indirect;
static int (*local_pointer)(int) = local_choice;

int call_local(int x)
{
	return local_choice(x) + local_pointer(x);
}

int (*choice_address(void))(int)
{
	return choice;
}
