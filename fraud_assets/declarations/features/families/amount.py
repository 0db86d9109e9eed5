"""Family amount: what was paid against what the source, and the customer, have paid before.

>>> from fraud_assets_tests.features.examples import features
>>> features("customer_ratio_amount_30d", amounts=[10, 30, 60])
[None, 3.0, 3.0]
"""

from fraud_assets.declarations.features.kinds import (
    DAY,
    HOUR,
    Feature,
    RecentFeature,
    RowFeature,
    WindowFeature,
)

MONTH = 30 * DAY

FEATURES: tuple[Feature, ...] = (
    RowFeature("amount", "what was paid", "currency units", "amount"),
    RowFeature("amount_log", "natural logarithm of 1 + amount", "log currency units", "log1p(amount)"),
    RowFeature("amount_is_zero", "1 when nothing was paid", "0 or 1", "cast(amount = 0 as double)"),
    RowFeature(
        "population_zscore_amount_30d", "amount against the source's mean, of the 30 days before this hour",
        "standard deviations", "(amount - population_mean) / nullif(population_std, 0)",
    ),
    RowFeature(
        "population_is_high_amount_30d", "1 when the amount is over 3 standard deviations above the source's mean",
        "0 or 1", "cast(population_zscore_amount_30d > 3 as double)",
    ),
    RowFeature(
        "population_is_low_amount_30d",
        "1 when the amount's logarithm is over 2 standard deviations below the source's mean", "0 or 1",
        "cast((amount_log - population_mean_log) / nullif(population_std_log, 0) < -2 as double)",
    ),
    RowFeature(
        "population_mean_amount_1h", "mean amount of the source's payments in the last full hour", "currency units",
        "population_mean_hour",
    ),
    WindowFeature(
        "customer_mean_amount_1h", "mean amount of the customer's payments in an hour", "currency units",
        "customer_id", "mean", "amount", HOUR,
    ),
    WindowFeature(
        "customer_mean_past_amount_30d", "mean amount of the customer's earlier payments in 30 days", "currency units",
        "customer_id", "mean", "amount", MONTH, include_current=False,
    ),
    WindowFeature(
        "customer_std_past_amount_30d", "standard deviation of the customer's earlier amounts in 30 days",
        "currency units", "customer_id", "std", "amount", MONTH, include_current=False,
    ),
    WindowFeature(
        "customer_max_past_amount_30d", "highest amount of the customer's earlier payments in 30 days",
        "currency units", "customer_id", "max", "amount", MONTH, include_current=False,
    ),
    RowFeature(
        "customer_zscore_amount_30d", "amount against the mean of the customer's earlier payments",
        "standard deviations", "(amount - customer_mean_past_amount_30d) / nullif(customer_std_past_amount_30d, 0)",
    ),
    RowFeature(
        "customer_ratio_amount_30d", "amount as a multiple of the mean of the customer's earlier payments", "ratio",
        "amount / nullif(customer_mean_past_amount_30d, 0)",
    ),
    RowFeature(
        "customer_ratio_max_amount_30d", "amount as a multiple of the customer's highest earlier payment", "ratio",
        "amount / nullif(customer_max_past_amount_30d, 0)",
    ),
    RecentFeature(
        "customer_percentile_amount_30d", "share of the customer's last payments that are not above this one",
        "0 to 1", "customer_id", "payments", "percentile", MONTH,
    ),
    RowFeature(
        "customer_is_high_amount_30d", "1 when the amount is over 3 standard deviations above the customer's mean",
        "0 or 1", "cast(customer_zscore_amount_30d > 3 as double)",
    ),
    RowFeature(
        "customer_is_low_amount_30d", "1 when the amount is below a tenth of the customer's mean", "0 or 1",
        "cast(customer_ratio_amount_30d < 0.1 as double)",
    ),
)  # fmt: skip
