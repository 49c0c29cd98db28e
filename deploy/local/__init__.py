"""Real Kafka, real PostgreSQL and the three services on one machine with nothing but Python: for newcomers, the demo and the tests."""
