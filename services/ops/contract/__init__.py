"""Contracts on the command line: what they cost."""
