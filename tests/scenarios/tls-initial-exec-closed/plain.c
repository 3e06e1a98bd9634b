/* Defines what nobody else does and refers to what nobody defines: every object in scope is asked. */
__attribute__((weak)) extern int nowhere;
__attribute__((weak)) int nowhere_either(void);
int *plain(void)
{
	return nowhere_either == 0 ? &nowhere : 0;
}
