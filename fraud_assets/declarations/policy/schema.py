"""What a policy's file may say, and reading it. Applying the rules to payments is ``decisions/policy.py``'s."""

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from fraud_assets.declarations.content import content_hash, normalised
from fraud_assets.errors import FraudError
from fraud_assets.expressions import ExpressionError, Type, condition

FILE = Path(__file__).with_name("policy.yaml")

RiskLevel = Literal["low", "medium", "high", "critical"]
Decision = Literal["approve", "review", "block"]

COLUMNS: dict[str, Type] = {"score": "double", "amount": "double", "threshold": "double"}
"""The columns that a rule's condition may use."""


class PolicyError(FraudError):
    """A policy's file is wrong; the message names the file, the field, what was found and what is allowed."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """The decision for payments for which ``when`` holds: a condition over `COLUMNS` (docs/expressions.md)."""

    when: str
    risk_level: RiskLevel
    decision: Decision

    @field_validator("when")
    @classmethod
    def _is_condition(cls, when: str) -> str:
        try:
            condition(when, COLUMNS)
        except ExpressionError as error:
            raise ValueError(f"not a condition over {', '.join(COLUMNS)}: {error}") from None
        return when


class Policy(_Strict):
    """Rules in order: the first that applies decides; without one, the risk is low and the payment approved."""

    rules: tuple[Rule, ...]

    @model_validator(mode="before")
    @classmethod
    def _without_version(cls, content: Any) -> Any:
        if isinstance(content, dict) and "version" in content:
            raise ValueError(
                "'version' is no longer given: a policy is named by the hash of its rules; remove the line"
            )
        return content

    @cached_property
    def text(self) -> str:
        """The rules as one normalised text; `of_text` reads it."""
        return normalised(self)

    @cached_property
    def hash(self) -> str:
        """What names the policy: equal hashes mean equal rules in the same order."""
        return content_hash(self.text)


def of_text(text: str) -> Policy:
    """The policy of its `Policy.text`."""
    return Policy.model_validate_json(text)


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
def active() -> Policy:
    """The policy that decides now: that of ``policy.yaml`` beside this module."""
    return load(FILE)
