"""The doctor: looks at this machine, rota's home, the providers and every account, and says what to do about each."""
