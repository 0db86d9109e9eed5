"""Random numbers that depend on what they are for, never on what was drawn before.

What belongs here: the keys of the counter-based generator (Philox) that make every day reproducible on its own.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream of random numbers is for; the values are part of every simulated row, so never reuse one."""

    CUSTOMERS = 1
    TERMINALS = 2
    PAYMENTS = 3
    COMPROMISED_TERMINALS = 4
    COMPROMISED_CUSTOMERS = 5
    FAULTS = 6
    LIVE = 7


def stream(seed: int, purpose: Purpose, index: int = 0) -> np.random.Generator:
    """The generator of ``purpose`` for ``index`` (a day, in days since 1970-01-01; 0 where no day matters)."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, purpose << 48 | index], dtype=np.uint64)))
