#define F(n) double callee_##n(double a, double b, int c) { return a * n + b - c; }
F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14) F(15) F(16)
double from_handler(double a, int b)
{
	return a + b;
}
