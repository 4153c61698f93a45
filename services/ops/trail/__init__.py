"""What the chain of audit tells: whether a record counts, why it came, what it led to, and a life over topics.

Data alone: `command.py` shows it on a terminal, the console on a page.
"""
