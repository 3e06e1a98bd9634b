extern int shared;
extern void missing(void);
int *broken(void);
int *broken(void)
{
	missing();
	return &shared;
}
