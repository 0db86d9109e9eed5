"""Family category: what the payment is for, as a number that trees can split by.

>>> from fraud_assets_tests.features.examples import features
>>> features("category_code", categories=["travel", "home", "travel", None])
[63831.0, 61984.0, 63831.0, None]
"""

from fraud_assets.declarations.features.kinds import Feature, RowFeature

FEATURES: tuple[Feature, ...] = (
    RowFeature(
        "category_code", "a number that stands for the category; its order means nothing", "", "category_number"
    ),
)
