#ifndef TINY
#define TINY tiny
#endif
int TINY = 4;
