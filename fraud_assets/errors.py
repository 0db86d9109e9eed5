"""The one error that people see: what is wrong, what was found, what to do, in a line or two."""

START = "run `make demo` or `fraud up`"
"""What to do where the stack does not run or the lake holds nothing yet."""


class FraudError(Exception):
    """Something a person can put right; commands print its message without a stack trace and exit with 1."""
