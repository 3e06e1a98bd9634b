int given(int x);
extern int given_value;
int uses(int x) { return given(x) + given_value; }
int plain(void) { return 7; }
