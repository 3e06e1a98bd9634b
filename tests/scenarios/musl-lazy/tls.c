__thread int opened_tls = 1;
