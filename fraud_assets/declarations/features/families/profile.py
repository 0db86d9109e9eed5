"""Family profile: what is usual for a customer, from the past only, and how far a payment deviates from it.

Frauds known by the time of the payment are left out. A new customer has the source's usual amount as prior, which
weighs as much as `PRIOR` payments and is taken from the 30 days before the payment's hour. The usual amount is the
median of the logarithms of the last payments, its spread 1.4826 times their median absolute deviation (Hampel, The
influence curve and its role in robust estimation, 1974); or, where a label is waited for, the mean of the payments
known as genuine. A burst is made of payments far above that.

>>> from fraud_assets_tests.features.examples import features
>>> features("customer_ratio_genuine_90d", amounts=[10, 90, 20], hours=[0, 24, 240], frauds=[False, True, False])
[None, None, 2.0]
"""

from fraud_assets.declarations.features.kinds import (
    DAY,
    FROM_LABELS,
    Aggregate,
    Feature,
    RecentFeature,
    RowFeature,
    Statistic,
    WindowFeature,
)

PRIOR = 3
UNUSUAL = 2.5  # times the mean
_RATIO = "coalesce(customer_ratio_genuine_90d, case when customer_id is not null then 1.0 end)"
SPAN = 60 * DAY


def _usual(statistic: Statistic, name: str, meaning: str, unit: str) -> Feature:
    return RecentFeature(
        f"customer_{name}_60d", meaning, unit, "customer_id", "payments not known as fraud",
        statistic, SPAN, FROM_LABELS,
    )  # fmt: skip


def _genuine(days: int) -> tuple[Feature, ...]:
    about = f"the customer's payments that became known as genuine in {days} days"
    return (
        WindowFeature(
            f"customer_count_genuine_{days}d", about, "payments", "customer_id", "count", "amount",
            days * DAY, "genuine payments", known=FROM_LABELS,
        ),
        WindowFeature(
            f"customer_mean_genuine_{days}d", f"mean amount of {about}", "currency units", "customer_id", "mean",
            "amount", days * DAY, "genuine payments", known=FROM_LABELS,
        ),
        WindowFeature(
            f"customer_std_genuine_{days}d", f"standard deviation of the amounts of {about}", "currency units",
            "customer_id", "std", "amount", days * DAY, "genuine payments", known=FROM_LABELS,
        ),
        RowFeature(
            f"customer_ratio_genuine_{days}d", f"amount as a multiple of the mean of {about}", "ratio",
            f"amount / nullif(customer_mean_genuine_{days}d, 0)", FROM_LABELS,
        ),
        RowFeature(
            f"customer_zscore_genuine_{days}d", f"amount against the mean of {about}", "standard deviations",
            f"(amount - customer_mean_genuine_{days}d) / nullif(customer_std_genuine_{days}d, 0)", FROM_LABELS,
        ),
    )  # fmt: skip


def _bursts(days: int) -> tuple[Feature, ...]:
    def past(aggregate: Aggregate, column: str, meaning: str, unit: str) -> Feature:
        name = f"customer_{aggregate}_{column.removeprefix('customer_').removesuffix('_amount_90d')}_{days}d"
        about = f"{meaning} customer's earlier payments in {days} days"
        return WindowFeature(
            name, about, unit, "customer_id", aggregate, column, days * DAY, include_current=False, known=FROM_LABELS
        )

    excess, unusual = "customer_excess_amount_90d", "customer_is_unusual_amount_90d"
    return (
        past(
            "sum", excess, "sum of the excesses over twice the usual, each at most 5, of the", "multiples of the usual"
        ),
        past("sum", unusual, f"payments over {UNUSUAL} times the usual, among the", "payments"),
        past("mean", unusual, f"share of payments over {UNUSUAL} times the usual, among the", "0 to 1"),
    )


FEATURES: tuple[Feature, ...] = (
    _usual("count", "count_usual", "payments that the profile rests on, 32 at most", "payments"),
    _usual("median", "median_log_amount", "median of the logarithms of the customer's amounts", "log currency units"),
    _usual("spread", "spread_log_amount", "robust standard deviation of the logarithms of the customer's amounts",
           "log currency units"),
    RowFeature(
        "customer_usual_log_amount_60d", "usual amount of the customer: the median, drawn towards the source's mean",
        "log currency units",
        f"(customer_count_usual_60d * coalesce(customer_median_log_amount_60d, 0.0)"
        f" + {PRIOR} * coalesce(population_mean_log, customer_median_log_amount_60d))"
        f" / (customer_count_usual_60d + {PRIOR})", FROM_LABELS,
    ),
    RowFeature(
        "customer_usual_spread_60d", "usual spread of the customer's amounts, drawn towards the source's",
        "log currency units",
        f"sqrt((customer_count_usual_60d * coalesce(power(customer_spread_log_amount_60d, 2), 0.0)"
        f" + {PRIOR} * coalesce(power(population_std_log, 2), power(customer_spread_log_amount_60d, 2), 0.04))"
        f" / (customer_count_usual_60d + {PRIOR}))", FROM_LABELS,
    ),
    RowFeature(
        "customer_deviation_amount_60d", "how far the amount is from the usual", "usual spreads",
        "(amount_log - customer_usual_log_amount_60d) / greatest(customer_usual_spread_60d, 0.05)", FROM_LABELS,
    ),
    *_genuine(30), *_genuine(90),
    RowFeature(
        "customer_excess_amount_90d", "what the amount is over twice the mean of the genuine ones, at most 5",
        "multiples of the mean",
        f"case when customer_id is not null then least(greatest({_RATIO} - 2.0, 0.0), 5.0) end", FROM_LABELS,
    ),
    RowFeature(
        "customer_is_unusual_amount_90d", f"1 when the amount is over {UNUSUAL} times the mean of the genuine ones",
        "0 or 1", f"cast({_RATIO} > {UNUSUAL} as double)", FROM_LABELS,
    ),
    *_bursts(3), *_bursts(7), *_bursts(14),
    WindowFeature(
        "customer_gap_unusual_14d", f"time since the customer's last payment over {UNUSUAL} times the usual", "s",
        "customer_id", "gap", "customer_is_unusual_amount_90d", 14 * DAY, include_current=False, known=FROM_LABELS,
    ),
    _usual("same_hour", "share_hour", "share of the customer's payments within 2 hours of this time of day", "0 to 1"),
    RowFeature(
        "customer_is_unusual_hour_60d", "1 when fewer than 1 in 20 of the customer's payments (10 at least) were made "
        "within 2 hours of this time of day", "0 or 1",
        "cast(case when customer_count_usual_60d >= 10 then customer_share_hour_60d end < 0.05 as double)", FROM_LABELS,
    ),
    _usual("same_merchant", "share_merchant", "share of the customer's payments that went to this merchant", "0 to 1"),
    _usual("median_gap", "median_gap", "usual time between the customer's payments (median)", "s"),
    RowFeature(
        "customer_ratio_gap_60d", "time since the last payment as a multiple of the usual", "ratio",
        "customer_gap_event_time_30d / nullif(customer_median_gap_60d, 0)", FROM_LABELS,
    ),
)  # fmt: skip
