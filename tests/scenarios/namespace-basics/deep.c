#ifdef FAR
int far_away = 9;
#else
int deep_count;
int deep_step(void)
{
	return ++deep_count;
}
#endif
