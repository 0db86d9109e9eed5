"""Family references: what lists from outside say of a payment. Null before a list was known, or without its column.

Where the address is, and where the payment says it is, are compared as ISO 3166 alpha-2 codes.

>>> from fraud_assets_tests.features.examples import features
>>> features("customer_is_suspicious", hours=[0, 1, 2, 3], suspicious=(1, 3))
[None, 1.0, 1.0, 0.0]
"""

from fraud_assets.declarations.features.kinds import FROM_REFERENCES, Feature, RowFeature

FEATURES: tuple[Feature, ...] = (
    RowFeature(
        "customer_is_suspicious", "1 when the customer, or card, is on the list of suspicious cards", "0 or 1",
        "customer_listed", FROM_REFERENCES,
    ),
    RowFeature(
        "merchant_is_suspicious", "1 when the merchant is on the list of suspicious merchants", "0 or 1",
        "merchant_listed", FROM_REFERENCES,
    ),
    RowFeature(
        "ip_is_blocked", "1 when the address is on the list of blocked ones", "0 or 1", "ip_listed", FROM_REFERENCES,
    ),
    RowFeature(
        "ip_is_foreign", "1 when the address belongs to another country than the payment's", "0 or 1",
        "cast(upper(country) <> ip_country as double)", FROM_REFERENCES,
    ),
)  # fmt: skip
