"""What is paid for, and how frauds differ.

What belongs here: the figures of each category. They follow what the Sparkov generator's files show, rounded: genuine
amounts are gamma distributed, frauds come at amounts of their own, and most of them at night.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """How often it is paid for, relative to others; amounts (USD) as mean and standard deviation, of frauds too.

    ``morning`` is the share of genuine payments in the first half of the day, ``stolen`` how often thieves choose it.
    """

    weight: float
    mean: float
    deviation: float
    morning: float
    stolen: float
    stolen_mean: float
    stolen_deviation: float


CATEGORIES = {
    "entertainment": Category(58, 67, 72, 0.40, 2, 440, 70),
    "food_dining": Category(60, 59, 48, 0.40, 1, 115, 25),
    "gas_transport": Category(63, 68, 15, 0.41, 7, 11, 3),
    "grocery_net": Category(36, 58, 24, 0.33, 2.5, 11, 3),
    "grocery_pos": Category(76, 118, 61, 0.41, 23, 300, 30),
    "health_fitness": Category(50, 54, 49, 0.38, 1.5, 20, 3),
    "home": Category(75, 60, 49, 0.41, 3, 245, 25),
    "kids_pets": Category(71, 67, 50, 0.41, 2, 20, 4),
    "misc_net": Category(35, 73, 147, 0.37, 12, 780, 80),
    "misc_pos": Category(54, 66, 130, 0.39, 5.5, 9, 3),
    "personal_care": Category(56, 47, 51, 0.40, 2.5, 21, 4),
    "shopping_net": Category(58, 85, 236, 0.36, 26, 990, 100),
    "shopping_pos": Category(79, 75, 259, 0.38, 11, 860, 105),
    "travel": Category(25, 71, 426, 0.42, 1.5, 10, 3),
}
STOLEN_AT_NIGHT = 0.85
"""Share of frauds from ten in the evening until four in the morning; the others come at any time."""
