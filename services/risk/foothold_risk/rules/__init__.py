"""What risk decides.

Pure: no clock, no I/O, no logging; the open day, the policy and what was heard are arguments.
"""
