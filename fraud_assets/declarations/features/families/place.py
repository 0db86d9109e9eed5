"""Family place: how far a payment is from the customer's home and from the last one. Null without positions.

Distances are kilometres along the great circle, or units of the source's plane grid where its YAML says so.

>>> from fraud_assets_tests.features.examples import features
>>> features("place_distance_home", positions="plane", homes=[(0, 0)], shops=[(3, 4)])
[5.0]
>>> [round(km) for km in features("place_distance_home", homes=[(52.52, 13.41)], shops=[(48.86, 2.35)])]
[878]
"""

from fraud_assets.declarations.features.kinds import DAY, Feature, RecentFeature, RowFeature

MONTH = 30 * DAY

FEATURES: tuple[Feature, ...] = (
    RowFeature("place_distance_home", "from the customer's home to the merchant", "km or grid units", "home_distance"),
    RecentFeature(
        "customer_distance_last_30d", "from the merchant of the customer's last payment to this one's",
        "km or grid units", "customer_id", "payments", "last_distance", MONTH,
    ),
    RowFeature(
        "customer_speed_last_30d", "that distance by the time since; a minute at least is taken to have passed",
        "km/h or grid units/h", "customer_distance_last_30d * 3600.0 / greatest(customer_gap_event_time_30d, 60.0)",
    ),
    RecentFeature(
        "customer_distance_usual_30d", "from the middle (median) of the customer's last merchants to this one",
        "km or grid units", "customer_id", "payments not known as fraud", "usual_distance", MONTH,
    ),
    RecentFeature(
        "customer_share_country_30d", "share of the customer's last payments that were made in this country; "
        "0 is a country mismatch", "0 to 1", "customer_id", "payments", "same_country", MONTH,
    ),
)  # fmt: skip
