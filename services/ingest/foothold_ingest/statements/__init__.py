"""Statements by name: which version counts, and what senders are asked about them."""
