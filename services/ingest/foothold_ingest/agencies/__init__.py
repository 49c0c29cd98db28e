"""Who sends: agencies, their keys, topics and arrivals, and the audit."""
