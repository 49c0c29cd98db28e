"""Runs real Kafka, real PostgreSQL and the three services on one machine.

It needs nothing but Python, and is for newcomers, the demo and the tests.
"""
