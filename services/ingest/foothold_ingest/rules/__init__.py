"""What may come in, decided without a clock, a network or a database."""
