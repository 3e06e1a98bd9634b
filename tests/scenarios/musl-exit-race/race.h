#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern volatile int race_step;
void race_atexit(void);
/* Write a line at once, whatever stdio does. */
void say(const char *text);
/* Leave a stream behind that takes its time: exit flushes it last of all, so whoever still runs then is seen. */
void slow_stream_open(void);
