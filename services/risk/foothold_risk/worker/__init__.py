"""The worker: partitions of the household log, each decided and committed in transactions."""
