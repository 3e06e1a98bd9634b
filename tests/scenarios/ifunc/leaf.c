int leaf_level = 2;

int leaf(void)
{
	return leaf_level;
}

static int leaf_one(void)
{
	return 100;
}

static int (*resolve_leaf_indirect(void))(void)
{
	return leaf_one;
}

int leaf_indirect(void) __attribute__((ifunc("resolve_leaf_indirect")));
