"""Files agencies upload.

They are kept whole until they are worked through, read in a process of their own, and judged row by
row like every event.
"""
