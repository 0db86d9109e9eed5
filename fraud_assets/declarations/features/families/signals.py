"""Family signals: the numbers that a provider makes, V1 to V28 for example. Null where a payment has none.

>>> from fraud_assets_tests.features.examples import features
>>> features("signals_product_v1_v2", signals=[{"V1": 2.0, "V2": -3.0}, None])
[-6.0, None]
"""

from fraud_assets.declarations.features.kinds import Feature, RowFeature

FEATURES: tuple[Feature, ...] = (
    RowFeature("signals_product_v1_v2", "V1 times V2", "", "signal_v1 * signal_v2"),
    RowFeature("signals_sum_v1_v2", "V1 plus V2", "", "signal_v1 + signal_v2"),
    RowFeature("signals_sum_v1_v5", "sum of V1 to V5", "",
               "signal_v1 + signal_v2 + signal_v3 + signal_v4 + signal_v5"),
    RowFeature("signals_mean_all", "mean of all signals", "", "signals_mean"),
    RowFeature("signals_std_all", "standard deviation (sample's) of all signals", "", "signals_std"),
    *(RowFeature(f"signals_v{number}", f"V{number}", "", f"signal_v{number}") for number in range(1, 29)),
)  # fmt: skip
