"""How messages travel: topics, encoding, quarantine, traces."""
