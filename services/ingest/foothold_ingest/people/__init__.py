"""Who belongs to which household: register, doubles, tickets, directory."""
