int large(void);

int main(void)
{
	return large();
}
