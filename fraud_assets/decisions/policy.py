"""Applying a policy: scored payments get the risk level and the decision of the first rule that applies."""

from functools import lru_cache

import polars as pl

from fraud_assets.declarations.policy.schema import COLUMNS, Policy
from fraud_assets.expressions import condition, to_polars


def decide(policy: Policy, payments: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """The payments (score 0 to 1, amount in currency units) with risk_level, decision and policy_hash.

    ``threshold`` is the score from which the model that scored them raises an alarm.
    """
    scored = payments.select("score", "amount", threshold=pl.lit(threshold, pl.Float64))
    rule = scored.select(_rule(policy)).to_series()
    return payments.with_columns(
        pl.Series("risk_level", [*(rule.risk_level for rule in policy.rules), "low"]).gather(rule),
        pl.Series("decision", [*(rule.decision for rule in policy.rules), "approve"]).gather(rule),
        policy_hash=pl.lit(policy.hash),
    )


@lru_cache(maxsize=16)
def _rule(policy: Policy) -> pl.Expr:
    """The position of the first rule that applies; the number of rules where none does."""
    chosen = pl.lit(len(policy.rules), pl.UInt32)
    for at, rule in reversed(list(enumerate(policy.rules))):
        chosen = pl.when(to_polars(condition(rule.when, COLUMNS))).then(pl.lit(at, pl.UInt32)).otherwise(chosen)
    return chosen.alias("rule")
