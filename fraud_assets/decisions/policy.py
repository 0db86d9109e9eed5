"""Applying a policy: scored payments get the risk level and the decision of the first rule that applies."""

import polars as pl
<<<<<<< HEAD
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fraud_assets.errors import FraudError
from fraud_assets.expressions import ExpressionError, Type, condition, to_polars

FILE = Path(__file__).with_name("policy.yaml")

RiskLevel = Literal["low", "medium", "high", "critical"]
Decision = Literal["approve", "review", "block"]

_GIVEN: dict[str, Type] = {"score": "double", "amount": "double", "threshold": "double"}
=======

from fraud_assets.declarations.policy.schema import Policy
>>>>>>> 9e522681c2434526827cb7d7a4faab0c8d58f18a


def decide(policy: Policy, payments: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """The payments (score 0 to 1, amount in currency units) with risk_level, decision and policy_hash.

<<<<<<< HEAD

class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """What is decided ``when`` a condition over score, amount and threshold holds (docs/expressions.md)."""

    when: str
    risk_level: RiskLevel
    decision: Decision

    @field_validator("when")
    @classmethod
    def _is_condition(cls, when: str) -> str:
        try:
            condition(when, _GIVEN)
        except ExpressionError as error:
            raise ValueError(f"not a condition over {', '.join(_GIVEN)}: {error}") from None
        return when


class Policy(_Strict):
    """Rules in order: the first that applies decides; without one, the risk is low and the payment approved."""

    version: int = Field(ge=1)
    rules: tuple[Rule, ...]

    def decide(self, payments: pl.DataFrame, threshold: float) -> pl.DataFrame:
        """The payments (score 0 to 1, amount in currency units) with risk_level, decision and policy_version.

        ``threshold`` is the score from which the model that scored them raises an alarm.
        """
        scored = payments.select("score", "amount", threshold=pl.lit(threshold, pl.Float64))
        return payments.with_columns(
            scored.select(
                self._first("risk_level", "low"),
                self._first("decision", "approve"),
                policy_version=pl.lit(self.version, pl.Int32),
            )
        )

    def _first(self, outcome: str, otherwise: str) -> pl.Expr:
        chosen = pl.lit(otherwise)
        for rule in reversed(self.rules):
            chosen = (
                pl.when(to_polars(condition(rule.when, _GIVEN))).then(pl.lit(getattr(rule, outcome))).otherwise(chosen)
            )
        return chosen.alias(outcome)


def load(path: Path) -> Policy:
    """The policy described by a YAML file.

    Raises:
        PolicyError: the file cannot be read, or a field is missing, unknown or wrong.
=======
    ``threshold`` is the score from which the model that scored them raises an alarm.
>>>>>>> 9e522681c2434526827cb7d7a4faab0c8d58f18a
    """
    scored = payments.select("score", "amount", threshold=pl.lit(threshold, pl.Float64))
    decided = scored.select(_first(policy, "risk_level", "low"), _first(policy, "decision", "approve"))
    return payments.with_columns(*decided, policy_hash=pl.lit(policy.hash))


def _first(policy: Policy, outcome: str, otherwise: str) -> pl.Expr:
    chosen = pl.lit(otherwise)
    for rule in reversed(policy.rules):
        chosen = pl.when(pl.sql_expr(rule.when)).then(pl.lit(getattr(rule, outcome))).otherwise(chosen)
    return chosen.alias(outcome)
