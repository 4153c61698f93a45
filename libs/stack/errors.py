"""What can go wrong with the local stack."""


class StackError(Exception):
    """A part of the stack cannot be had or did not come up; the text says what to do or where to look."""
