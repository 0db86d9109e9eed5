"""The one error that people see, in one or two lines: the thing, what was found, what to do."""

START = "run `make demo` or `fraud up`"
"""What to do when the stack does not run or the lake is empty."""


class FraudError(Exception):
    """Something a person can put right; commands print its message without a stack trace and exit with 1."""
