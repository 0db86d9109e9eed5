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
    return payments.with_columns(*scored.select(_outcomes(policy)), policy_hash=pl.lit(policy.hash))


@lru_cache(maxsize=16)
def _outcomes(policy: Policy) -> tuple[pl.Expr, pl.Expr]:
    """The risk level and the decision, for any batch of payments."""
    return _first(policy, "risk_level", "low"), _first(policy, "decision", "approve")


def _first(policy: Policy, outcome: str, otherwise: str) -> pl.Expr:
    chosen = pl.lit(otherwise)
    for rule in reversed(policy.rules):
        chosen = (
            pl.when(to_polars(condition(rule.when, COLUMNS))).then(pl.lit(getattr(rule, outcome))).otherwise(chosen)
        )
    return chosen.alias(outcome)
