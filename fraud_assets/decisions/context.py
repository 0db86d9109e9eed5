"""What decides for a source: its champion, the policy, the source's file and the code, under one hash.

Each context that has decided is a row of gold.decision_contexts, so that every decision leads to its rules.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import polars as pl

from fraud_assets.declarations.content import as_text, content_hash, normalised
from fraud_assets.declarations.policy.schema import Policy, of_text
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import gold
from fraud_assets.errors import FraudError
from fraud_assets.lake import writing
from fraud_assets.lake.location import Lake
from fraud_assets.models.artifact_hash import hash_of
from fraud_assets.models.model_store import Champion
from fraud_assets.version import code_version

ATTEMPTS = 5
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "model_version": pl.Int32,
    "features": pl.List(pl.String),
    "first_used_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class Context:
    """A source, its champion and a policy."""

    source: Source
    champion: Champion
    policy: Policy

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The columns of gold.decision_contexts that the hash covers."""
        card, content = self.champion.card, normalised(self.source)
        return {
            "source": self.source.name,
            "model_version": self.champion.version,
            "model_hash": hash_of(self.champion.model),
            "features": list(card.features),
            "features_fingerprint": card.features_fingerprint,
            "threshold": card.threshold,
            "policy_hash": self.policy.hash,
            "policy": self.policy.text,
            "source_hash": content_hash(content),
            "source_content": content,
            "code_version": code_version(),
        }

    @cached_property
    def hash(self) -> str:
        """What names the context."""
        return content_hash(as_text(self.facts))


def keep(context: Context, lake: Lake) -> bool:
    """Add the context to gold.decision_contexts if it is not there; returns whether it was added.

    Raises:
        FraudError: other runs write the table all the time.
    """
    row = pl.DataFrame(
        [context.facts | {"context": context.hash, "first_used_at": datetime.now(UTC)}], schema_overrides=_SCHEMA
    )
    for _ in range(ATTEMPTS):
        log = lake.log(gold.DECISION_CONTEXTS)
        if not _row(context.source.name, context.hash, lake, log.version()).is_empty():
            return False
        if writing.append_if_unchanged(gold.DECISION_CONTEXTS, row, log):
            return True
    raise FraudError(f"{gold.DECISION_CONTEXTS.full_name} is written by other runs all the time; run the job again")


def rules(source: str, context: str, lake: Lake) -> tuple[Policy, float, int]:
    """The policy, the threshold and the model's version of a context that has decided.

    Raises:
        FraudError: gold.decision_contexts has no such context.
    """
    found = _row(source, context, lake)
    if found.is_empty():
        raise FraudError(f"{gold.DECISION_CONTEXTS.full_name} has no context {context} of {source}")
    policy, threshold, version = found.select("policy", "threshold", "model_version").row(0)
    return of_text(policy), threshold, version


def _row(source: str, context: str, lake: Lake, version: int | None = None) -> pl.DataFrame:
    known = lake.scan(gold.DECISION_CONTEXTS, version)
    return known.filter(pl.col("source") == source, pl.col("context") == context).collect()
