extern int unused_empty;
