"""The region windows: which areas slide back, said once and with their reason."""
