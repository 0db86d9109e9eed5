"""The three fraud scenarios of the cards simulator.

What belongs here: which terminals and customers are compromised on a day, and what that does to payments. Rules:
Le Borgne et al., Fraud Detection Handbook, 2022, chapter 3. The Handbook draws 2 of 10,000 terminals and 3 of 5,000
customers a day; worlds of other sizes get the same rates, so the fraud rate stays near 0.9 % of payments.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fraud_assets.sources.cards.draws import Purpose, stream
from fraud_assets.sources.cards.world import Floats, Integers, World

LARGE_AMOUNT = 220.0
"""Scenario 1: any payment above this many EUR is fraud."""
TERMINAL_DAYS = 28
"""Scenario 2: for this many days every payment at a compromised terminal is fraud."""
CUSTOMER_DAYS = 14
"""Scenario 3: for this many days a third of a compromised customer's payments is fraud."""
CUSTOMER_SHARE = 1 / 3
CUSTOMER_FACTOR = 5.0
"""Scenario 3: those amounts are multiplied by this."""

_TERMINALS_A_DAY = 2 / 10_000
_CUSTOMERS_A_DAY = 3 / 5_000


@lru_cache(maxsize=1_000)
def _drawn(seed: int, purpose: Purpose, day: int, population: int, rate: float) -> Integers:
    """Who of ``population`` is compromised from ``day`` on: ``rate`` of them, a fraction as a chance of one more."""
    random = stream(seed, purpose, day)
    whole, chance = divmod(population * rate, 1)
    return random.choice(population, int(whole) + (random.random() < chance), replace=False)


def compromised_terminals(world: World, day: int) -> NDArray[np.bool_]:
    """Which terminals are compromised on ``day`` (days since 1970-01-01), shape (terminals,)."""
    return _lookback(world.seed, Purpose.COMPROMISED_TERMINALS, day, TERMINAL_DAYS, world.terminals, _TERMINALS_A_DAY)


def compromised_customers(world: World, day: int) -> NDArray[np.bool_]:
    """Which customers are compromised on ``day`` (days since 1970-01-01), shape (customers,)."""
    return _lookback(world.seed, Purpose.COMPROMISED_CUSTOMERS, day, CUSTOMER_DAYS, world.customers, _CUSTOMERS_A_DAY)


@lru_cache(maxsize=8)
def _lookback(seed: int, purpose: Purpose, day: int, days: int, population: int, rate: float) -> NDArray[np.bool_]:
    """Who was drawn on ``day`` or on one of the ``days - 1`` before it; not to be written to."""
    compromised = np.zeros(population, dtype=bool)
    for earlier in range(day - days + 1, day + 1):
        compromised[_drawn(seed, purpose, earlier, population, rate)] = True
    return compromised


def apply_scenarios(
    world: World, day: int, customers: Integers, terminals: NDArray[np.int32], amounts: Floats, unit: Floats
) -> tuple[Floats, NDArray[np.int8]]:
    """The amounts after fraud and each payment's scenario: 0 none, else 1–3, a later scenario hiding an earlier one.

    ``unit`` in [0, 1) decides which third of a compromised customer's payments is fraud.
    """
    third = compromised_customers(world, day)[customers] & (unit < CUSTOMER_SHARE)
    scenario = (amounts > LARGE_AMOUNT).astype(np.int8)
    scenario[compromised_terminals(world, day)[terminals]] = 2
    scenario[third] = 3
    return np.where(third, np.round(amounts * CUSTOMER_FACTOR, 2), amounts), scenario
