struct Failure {
	int value;
};

extern "C" void thrower(int value)
{
	throw Failure{value};
}
