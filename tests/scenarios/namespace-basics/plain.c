int plain_value = 5;
