"""Facts a caseworker doubts: who is asked, and what was answered."""
