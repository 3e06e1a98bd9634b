extern __thread int absent_tls;
int present(void);

int needs(void)
{
	return absent_tls + present();
}
