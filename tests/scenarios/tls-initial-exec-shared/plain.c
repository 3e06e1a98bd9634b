int common_next(void);

int plain_next(void)
{
	return common_next();
}
