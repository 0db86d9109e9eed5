"""Family velocity: how many payments a customer makes, how much, how fast.

>>> from fraud_assets_tests.features.examples import features
>>> features("customer_count_amount_6h", hours=[0, 5, 7])
[1.0, 2.0, 2.0]
>>> features("customer_gap_event_time_30d", hours=[0, 5, 7])
[None, 18000.0, 7200.0]
"""

from fraud_assets.declarations.features.kinds import DAY, HOUR, Feature, RecentFeature, WindowFeature


def _spending(days: int) -> tuple[Feature, ...]:
    return (
        WindowFeature(
            f"customer_count_amount_{days}d", f"the customer's payments in {days} days, this one included",
            "payments", "customer_id", "count", "amount", days * DAY,
        ),
        WindowFeature(
            f"customer_mean_amount_{days}d", f"mean amount of the customer's payments in {days} days",
            "currency units", "customer_id", "mean", "amount", days * DAY,
        ),
    )  # fmt: skip


def _count(hours: int) -> Feature:
    return WindowFeature(
        f"customer_count_amount_{hours}h", f"the customer's payments in {hours} hours, this one included",
        "payments", "customer_id", "count", "amount", hours * HOUR,
    )  # fmt: skip


FEATURES: tuple[Feature, ...] = (
    *_spending(1), *_spending(7), *_spending(30),
    _count(1), _count(6),
    RecentFeature(
        "customer_gap_event_time_30d", "time since the customer's last payment", "s",
        "customer_id", "payments", "gap", 30 * DAY,
    ),
)  # fmt: skip
