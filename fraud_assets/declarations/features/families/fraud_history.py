"""Family fraud history: what labels known by the time of the payment say about its merchant and its customer.

A run is what a merchant's known frauds make up while each is within 14 days of the one before it.

>>> from fraud_assets_tests.features.examples import features
>>> features("merchant_count_run_60d", hours=[0, 24, 10 * 24], frauds=[True, True, False])
[0.0, 0.0, 2.0]
>>> features("merchant_gap_labelled_30d", hours=[0, 24, 9 * 24], frauds=[False, True, False])
[None, None, 86400.0]
"""

from fraud_assets.declarations.features.kinds import (
    DAY,
    FROM_LABELS,
    Entity,
    Feature,
    RecentEvents,
    RecentFeature,
    Statistic,
    WindowFeature,
)

SPAN = 60 * DAY


def _labelled(entity: Entity, days: int, default: float | None) -> tuple[Feature, ...]:
    who = entity.removesuffix("_id")
    return (
        WindowFeature(
            f"{who}_count_labelled_{days}d", f"the {who}'s payments whose label became known in {days} days",
            "payments", entity, "count", "is_fraud", days * DAY, "labels", known=FROM_LABELS,
        ),
        WindowFeature(
            f"{who}_mean_fraud_{days}d", f"share of fraud among the labels that became known in {days} days",
            "0 to 1", entity, "mean", "is_fraud", days * DAY, "labels", default=default, known=FROM_LABELS,
        ),
    )  # fmt: skip


def _runs(events: RecentEvents, which: str, frauds: str) -> tuple[Feature, ...]:
    def run(statistic: Statistic, name: str, meaning: str, unit: str) -> Feature:
        return RecentFeature(
            f"merchant_{name}_{which}_60d", meaning, unit, "merchant_id", events, statistic, SPAN, FROM_LABELS
        )

    return (
        run("run_count", "count", f"{frauds} of the merchant's latest run, 32 at most", "payments"),
        run("run_age", "age", f"since the first of the {frauds} of the merchant's latest run happened", "d"),
        run("run_quiet", "quiet", f"since the last of the {frauds} of the merchant happened", "d"),
        run("run_genuine", "genuine", "the merchant's labels that became known since and are not fraud", "payments"),
        run("run_share", "share", "share of the run among the merchant's labels known since it began", "0 to 1"),
    )


FEATURES: tuple[Feature, ...] = (
    *_labelled("merchant_id", 1, 0.0), *_labelled("merchant_id", 7, 0.0), *_labelled("merchant_id", 30, 0.0),
    *_labelled("customer_id", 30, None),
    WindowFeature(
        "merchant_gap_labelled_30d", "time since a label of the merchant's payments last became known", "s",
        "merchant_id", "gap", "is_fraud", 30 * DAY, "labels", known=FROM_LABELS,
    ),
    WindowFeature(
        "merchant_count_amount_7d", "the merchant's payments in 7 days, this one included", "payments",
        "merchant_id", "count", "amount", 7 * DAY,
    ),
    WindowFeature(
        "merchant_mean_amount_7d", "mean amount of the merchant's payments in 7 days", "currency units",
        "merchant_id", "mean", "amount", 7 * DAY,
    ),
    WindowFeature(
        "merchant_last5_fraud_60d", "share of fraud among the merchant's last 5 labels", "0 to 1",
        "merchant_id", "mean", "is_fraud", SPAN, "labels", last=5, known=FROM_LABELS,
    ),
    *_runs("known frauds", "run", "known frauds"),
    RecentFeature(
        "merchant_mean_log_run_60d", "mean logarithm of the amounts of the run", "log currency units",
        "merchant_id", "known frauds", "run_amount", SPAN, FROM_LABELS,
    ),
    *_runs(
        "known frauds of ordinary amount", "ordinary", "known frauds of no more than 2.5 times the source's mean amount"
    ),
)  # fmt: skip
