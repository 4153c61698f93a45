"""Contracts on the command line: what they cost, how they stand, and what they open."""
