struct shared {
	static inline int counter = 10;
};

extern "C" int bump()
{
	return ++shared::counter;
}

extern "C" int *address()
{
	return &shared::counter;
}
