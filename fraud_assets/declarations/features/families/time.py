"""Family time: when the payment happened. What hours a customer keeps is in profile.py.

>>> from fraud_assets_tests.features.examples import features
>>> features("time_hour", hours=[0, 13.5])
[0.0, 13.0]
>>> features("time_days_began", hours=[0, 36])
[1.0, 2.5]
"""

from fraud_assets.declarations.features.kinds import Feature, RowFeature

A_DAY_PER_HOUR = 1 / 24  # a product: Polars rounds a quotient by a constant differently in a long frame

FEATURES: tuple[Feature, ...] = (
    RowFeature("time_is_weekend", "1 on Saturday and Sunday", "0 or 1",
               "cast(extract(isodow from event_time) >= 6 as double)"),
    RowFeature("time_hour", "hour of the day, UTC", "h", "cast(extract(hour from event_time) as double)"),
    RowFeature("time_is_night", "1 from midnight to 06:59 UTC", "0 or 1", "cast(time_hour <= 6 as double)"),
    RowFeature("time_hours_began", "time since the source began", "h", "hours_since_began"),
    RowFeature("time_days_began", "time since the source began", "d", f"hours_since_began * {A_DAY_PER_HOUR}"),
)  # fmt: skip
