typedef double vector __attribute__((vector_size(WIDTH)));

vector combine(vector a, vector b, vector c, vector d, vector e, vector f, vector g, vector h)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

vector variadic(int count, vector first, ...)
{
	return first * count;
}
