"""What alerts decides. Pure: no clock, no I/O, no logging."""
