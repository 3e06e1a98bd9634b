const char *where(void);
const char *user(void) { return where(); }
