"""The world of the cards simulator: who pays, and where they can.

What belongs here: what never changes from one day to the next. Rules: Le Borgne et al., Fraud Detection Handbook,
2022, chapter 3 ("Transaction data simulator").
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fraud_assets.errors import FraudError
from fraud_assets.sources.cards.draws import Purpose, stream

GRID = 100.0
"""Side of the square in which customers and terminals lie, uniformly; no unit."""
MEAN_AMOUNT = (5.0, 100.0)
"""Range of a customer's mean amount, EUR; the standard deviation is half the mean."""
MEAN_PAYMENTS = (0.0, 4.0)
"""Range of a customer's mean number of payments a day."""

_CHUNK = 10_000  # customers looked up at once, so that the neighbours' Python lists stay small

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """Customers and terminals on a grid, drawn from ``seed``; equal arguments make equal worlds.

    ``radius`` is how far from home a customer pays, in grid units. Everything else is worked out when first asked for.
    """

    customers: int = 5_000
    terminals: int = 10_000
    seed: int = 0
    radius: float = 5.0
    # Arrays do not take part in comparing worlds: they follow from the four fields above.
    _profile: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Draw every customer's x, y, mean amount and mean number of payments a day."""
        if self.customers < 1 or self.terminals < 1 or self.radius <= 0 or not 0 <= self.seed < 2**63:
            raise FraudError(
                f"no such world: {self}; customers and terminals must be 1 or more, radius above 0, seed 0 or more"
            )
        unit = stream(self.seed, Purpose.CUSTOMERS).random((self.customers, 4))
        low = np.array([0.0, 0.0, MEAN_AMOUNT[0], MEAN_PAYMENTS[0]])
        high = np.array([GRID, GRID, MEAN_AMOUNT[1], MEAN_PAYMENTS[1]])
        object.__setattr__(self, "_profile", low + unit * (high - low))
        self.customer_place.round(3, out=self.customer_place)

    @property
    def customer_place(self) -> Floats:
        """Where customers live, shape (customers, 2)."""
        return self._profile[:, :2]

    @property
    def mean_amount(self) -> Floats:
        """Each customer's mean amount, EUR."""
        return self._profile[:, 2]

    @cached_property
    def mean_payments(self) -> Floats:
        """Each customer's mean number of payments a day; 0 for one without a terminal in reach."""
        means = np.where(np.diff(self._reach[0]) > 0, self._profile[:, 3], 0.0)
        if not means.any():
            raise FraudError(f"no customer has a terminal in reach in {self}; take more terminals or a larger radius")
        return means

    @cached_property
    def payments_so_far(self) -> Floats:
        """Mean number of payments a day of each customer and all before it: for picking customers by how often."""
        return np.cumsum(self.mean_payments)

    @cached_property
    def terminal_place(self) -> Floats:
        """Where terminals stand, shape (terminals, 2)."""
        return np.round(stream(self.seed, Purpose.TERMINALS).random((self.terminals, 2)) * GRID, 3)

    @cached_property
    def customer_ids(self) -> pl.Series:
        """The customers' names, in order."""
        return pl.Series("customer_id", [f"C{number}" for number in range(self.customers)])

    @cached_property
    def terminal_ids(self) -> pl.Series:
        """The terminals' names, in order."""
        return pl.Series("terminal_id", [f"T{number}" for number in range(self.terminals)])

    @cached_property
    def _reach(self) -> tuple[Integers, NDArray[np.int32]]:
        """Terminals within reach: those of customer i are ``flat[start[i] : start[i + 1]]``, ascending."""
        tree = cKDTree(self.terminal_place)
        counts, flat = [], []
        for first in range(0, self.customers, _CHUNK):
            near = tree.query_ball_point(self.customer_place[first : first + _CHUNK], self.radius, return_sorted=True)
            counts.append(np.fromiter(map(len, near), np.int64, len(near)))
            flat.append(np.concatenate([np.asarray(some, dtype=np.int32) for some in near]))
        return np.concatenate([[0], np.cumsum(np.concatenate(counts))]), np.concatenate(flat)

    def choose_terminals(self, customers: Integers, unit: Floats) -> NDArray[np.int32]:
        """One terminal in reach for each of ``customers``, picked uniformly by ``unit`` in [0, 1)."""
        start, flat = self._reach
        first = start[customers]
        return flat[first + (unit * (start[customers + 1] - first)).astype(np.int64)]
