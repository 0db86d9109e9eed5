"""From a score to what is done about it: the rules of ``policy.yaml``.

What belongs here: reading and applying the policy. Computing scores and reading tables does not.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fraud_assets.errors import FraudError
from fraud_assets.expressions import ExpressionError, Type, condition, to_polars

FILE = Path(__file__).with_name("policy.yaml")

RiskLevel = Literal["low", "medium", "high", "critical"]
Decision = Literal["approve", "review", "block"]

_GIVEN: dict[str, Type] = {"score": "double", "amount": "double", "threshold": "double"}


class PolicyError(FraudError):
    """A policy's file is wrong; the message names the file, the field, what was found and what is allowed."""


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
    """
    try:
        return Policy.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, yaml.YAMLError) as error:
        raise PolicyError(f"{path.name}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise PolicyError(f"{path.name}: {field}: {first['msg']}; found {first['input']!r:.80}") from error


@lru_cache
def in_force() -> Policy:
    """The policy that decides now: that of ``policy.yaml`` beside this module."""
    return load(FILE)
