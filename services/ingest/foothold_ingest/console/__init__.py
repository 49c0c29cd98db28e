"""The agencies' console: what arrived, what waits and why, files, keys. Pages without a script."""
