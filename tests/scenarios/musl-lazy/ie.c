__attribute__((tls_model("initial-exec"))) extern __thread int opened_tls;
int read_tls(void) { return opened_tls; }
