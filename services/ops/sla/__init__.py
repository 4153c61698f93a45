"""Deadlines and cycles on the command line, and what they rest on."""
