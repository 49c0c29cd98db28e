"""What stands alike in all three services: clients, loops, the ops endpoint, retries and attempts.

No facts, no rules, no settings.
"""
