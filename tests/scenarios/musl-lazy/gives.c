int given(int x) { return x + 1; }
int given_value = 40;
