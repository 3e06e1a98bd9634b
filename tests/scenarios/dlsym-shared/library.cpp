template <int N> struct holder {
	static inline int value = N;
};

extern "C" int *PART()
{
	return &holder<5>::value;
}
