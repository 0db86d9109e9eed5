"""Who pays: cardholders with a profile of age, sex and place, and what sets the profiles apart.

What belongs here: everything about a cardholder that no payment changes. The names, numbers and streets are made up:
social security numbers begin with 9 and card numbers with 99, which nobody is given.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fraud_assets.sources.sparkov.categories import CATEGORIES

Floats = NDArray[np.float64]

AGES = {"young_adults": (18, 25), "adults_2550": (25, 50), "adults_50up": (50, 90)}
"""Ages in years, from and below."""
_AGE_SHARES = (0.2, 0.45, 0.35)
_PAYMENTS = (1.2, 3.0, 2.0)  # a day on average, by age
_SPREAD = 9.0  # shape of the gamma by which people of an age differ; its mean is 1
_SPENDS = (0.8, 1.1, 1.0)  # times the category's mean amount, by age
_FAVOURITES = (
    {"entertainment": 1.8, "shopping_net": 1.5, "food_dining": 1.4, "home": 0.5, "health_fitness": 0.7},
    {"kids_pets": 1.5, "grocery_pos": 1.3, "gas_transport": 1.2},
    {"health_fitness": 1.5, "home": 1.4, "travel": 1.2, "shopping_net": 0.7, "entertainment": 0.7},
)
"""By age: how much likelier a category is than for everybody."""
_RURAL = {"gas_transport": 1.6, "grocery_net": 0.6, "travel": 0.7}
_FEMALE = {"personal_care": 1.4, "shopping_pos": 1.2, "gas_transport": 0.85}

CITIES = (
    ("Albany", "NY", "12207", 42.6588, -73.7489, 97_478),
    ("Baltimore", "MD", "21201", 39.2946, -76.6252, 621_849),
    ("Boise", "ID", "83702", 43.6320, -116.2052, 218_281),
    ("Denver", "CO", "80202", 39.7491, -104.9946, 682_545),
    ("Fresno", "CA", "93721", 36.7325, -119.7842, 520_052),
    ("Houston", "TX", "77002", 29.7594, -95.3594, 2_296_224),
    ("Memphis", "TN", "38103", 35.1440, -90.0480, 655_770),
    ("Milwaukee", "WI", "53202", 43.0506, -87.8968, 600_155),
    ("Phoenix", "AZ", "85003", 33.4511, -112.0770, 1_563_025),
    ("Seattle", "WA", "98101", 47.6114, -122.3305, 684_451),
    ("Tampa", "FL", "33602", 27.9614, -82.4597, 369_075),
    ("Wichita", "KS", "67202", 37.6899, -97.3355, 389_965),
    ("Bethel", "ME", "04217", 44.4042, -70.7903, 2_607),
    ("Cuba", "MO", "65453", 38.0628, -91.4035, 3_356),
    ("Dillon", "MT", "59725", 45.2163, -112.6375, 4_134),
    ("Ellijay", "GA", "30540", 34.6948, -84.4821, 1_619),
    ("Hope", "AR", "71801", 33.6671, -93.5916, 10_095),
    ("Lander", "WY", "82520", 42.8330, -108.7307, 7_487),
    ("Marfa", "TX", "79843", 30.3090, -104.0205, 1_981),
    ("Wells", "NV", "89835", 41.1116, -114.9645, 1_292),
)
"""The last eight are rural."""
_PLACE = ("city", "state", "zip", "lat", "long", "city_pop")
RURAL = 8
_RURAL_SHARE = 0.2

FIRST = {
    "F": ("Amy", "Carla", "Diane", "Elena", "Grace", "Hannah", "Irene", "Joyce", "Laura", "Megan", "Nora", "Tara"),
    "M": ("Aaron", "Brian", "Carlos", "Dennis", "Eric", "Frank", "Henry", "Ivan", "Kevin", "Luis", "Oscar", "Paul"),
}
LAST = ("Adams", "Bauer", "Clark", "Diaz", "Evans", "Fischer", "Grant", "Hayes", "Ingram", "Jones", "Keller", "Lopez",
        "Moore", "Nguyen", "Olson", "Price", "Quinn", "Reyes", "Stone", "Turner", "Vargas", "Walsh", "Young",
        "Zimmer")  # fmt: skip
_STREETS = ("Ash Street", "Bridge Road", "Cedar Lane", "Dale Avenue", "Elm Court", "Forest Drive", "Grove Way")
_JOBS = ("Accountant", "Architect", "Baker", "Carpenter", "Chemist", "Dentist", "Editor", "Farmer", "Geologist",
         "Librarian", "Mechanic", "Musician", "Nurse", "Pharmacist", "Pilot", "Surveyor", "Teacher",
         "Web designer")  # fmt: skip


@dataclass(frozen=True)
class People:
    """Cardholders, ``columns`` a row each; ``often`` (n) payments a day, ``spends`` (n) times a category's mean amount.

    ``likes`` (n, categories) is how likely each category is; a row adds up to 1.
    """

    columns: pl.DataFrame
    often: Floats
    spends: Floats
    likes: Floats


def people(count: int, today: date, random: np.random.Generator) -> People:
    """So many cardholders, at most a million, of ages as of ``today``."""
    age = random.choice(len(AGES), count, p=_AGE_SHARES)
    female = random.random(count) < 0.5
    rural = random.random(count) < _RURAL_SHARE
    urban = len(CITIES) - RURAL
    city = np.where(rural, urban + random.integers(0, RURAL, count), random.integers(0, urban, count))
    bounds = np.array(list(AGES.values()))[age] * 365.25
    born = [today - timedelta(days=int(days)) for days in random.uniform(bounds[:, 0], bounds[:, 1])]
    sex = np.where(female, "F", "M")
    numbers = random.integers(1, (100, 100, 10_000), (count, 3))
    columns = pl.DataFrame(
        {
            "ssn": [f"9{a:02}-{b:02}-{c:04}" for a, b, c in numbers],
            "cc_num": 99 * 10**14 + random.permutation(count) * 10**8 + random.integers(0, 10**8, count),
            "first": [str(random.choice(FIRST[one])) for one in sex],
            "last": random.choice(LAST, count),
            "gender": sex,
            "street": [f"{number} {random.choice(_STREETS)}" for number in random.integers(1, 1_000, count)],
            **{name: [CITIES[place][at] for place in city] for at, name in enumerate(_PLACE)},
            "job": random.choice(_JOBS, count),
            "dob": born,
            "acct_num": random.integers(10**11, 10**12, count),
            "profile": [
                f"{list(AGES)[years]}_{'female' if woman else 'male'}_{'rural' if country else 'urban'}.json"
                for years, woman, country in zip(age, female, rural, strict=True)
            ],
        }
    )
    names = list(CATEGORIES)
    likes = np.tile([float(category.weight) for category in CATEGORIES.values()], (count, 1))
    for who, favours in ((rural, _RURAL), (female, _FEMALE), *((age == at, one) for at, one in enumerate(_FAVOURITES))):
        for name, factor in favours.items():
            likes[who, names.index(name)] *= factor
    often = np.array(_PAYMENTS)[age] * random.gamma(_SPREAD, 1 / _SPREAD, count)
    spends = np.array(_SPENDS)[age] * random.gamma(_SPREAD, 1 / _SPREAD, count)
    return People(columns, often, spends, likes / likes.sum(axis=1, keepdims=True))
