extern int not_anywhere(void);
int (*undefined_pointer)(void) = not_anywhere;
