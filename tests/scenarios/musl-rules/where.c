#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)
const char *where(void) { return TEXT(WHERE); }
