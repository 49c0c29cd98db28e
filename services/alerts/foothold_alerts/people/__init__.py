"""Who works here: accounts, passwords, who leaves and who may still act."""
