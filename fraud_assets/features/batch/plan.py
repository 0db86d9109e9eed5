"""What of the catalogue one source computes, and the facts about it that this takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from fraud_assets.declarations.features.catalogue import FEATURES, NAMES, columns, entities_of, horizon, of_families
from fraud_assets.declarations.features.kinds import Entity, Feature
from fraud_assets.declarations.sources.source import Source
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.baseline import NAMES as BASELINE
from fraud_assets.features.inputs.baseline import SCHEMA, source_baseline
from fraud_assets.features.inputs.row import Facts, columns_for
from fraud_assets.features.inputs.watchlists import COLUMNS, LOOKUPS, Watchlists

PAYMENT = ("source", "transaction_id", "event_time", "customer_id", "merchant_id", "amount", "kafka_time")
STORED = pl.Float32
"""A feature in gold.features: seven digits, which is what trees compare."""
COMPUTED = tuple(name for name in NAMES if name not in PAYMENT)
"""The columns that are stored so."""

NO_FACTS = Facts()


@dataclass(frozen=True)
class Plan:
    """A source's features, its label delay and facts."""

    label_delay: timedelta
    features: tuple[Feature, ...] = FEATURES
    facts: Facts = NO_FACTS

    @classmethod
    def of(cls, source: Source) -> "Plan":
        """The plan of a source's YAML file."""
        facts = Facts(source.began, source.features.positions)
        return cls(source.label_delay, of_families(source.features.families), facts)

    @property
    def needed(self) -> list[str]:
        """The columns of silver.transactions that it takes."""
        return columns_for(columns(self.features), PAYMENT)

    @property
    def watchlists(self) -> frozenset[str]:
        """The watchlists that it reads."""
        return frozenset(LOOKUPS[name].of for name in columns(self.features) & LOOKUPS.keys())

    def with_watchlists(self, revisions: pl.LazyFrame | None) -> "Plan":
        """The plan with its source's revisions in silver.watchlists, where it reads any."""
        if revisions is None or not self.watchlists:
            return self
        mine = revisions.filter(pl.col("list").is_in(sorted(self.watchlists))).select(COLUMNS)
        return replace(self, facts=replace(self.facts, watchlists=Watchlists(mine.collect())))

    @property
    def has_baseline(self) -> bool:
        """Whether any feature compares with the whole source."""
        return bool(columns(self.features) & {*BASELINE})

    def horizon(self, entity: Entity) -> timedelta:
        """How far back features look on a customer's or a merchant's payments."""
        return horizon(entity, self.features)

    def baseline(self, payments: pl.LazyFrame) -> pl.DataFrame:
        """The source's baseline, from all its payments since 30 days before the first hour of interest."""
        if not self.has_baseline:
            return pl.DataFrame(schema=SCHEMA)
        return source_baseline(payments.select("event_time", "amount"))

    def evaluate(
        self,
        payments: pl.DataFrame,
        labels: pl.DataFrame,
        baseline: pl.DataFrame,
        features: Sequence[Feature] | None = None,
        wanted: pl.Series | None = None,
    ) -> pl.DataFrame:
        """The payments with the features, or some of them; see `evaluate.evaluate`."""
        chosen = self.features if features is None else features
        delay = int(self.label_delay.total_seconds())
        return evaluate(payments, labels, delay, chosen, wanted, self.facts, baseline)


def by_entity(features: Sequence[Feature]) -> tuple[tuple[Feature, ...], tuple[Feature, ...]]:
    """The features that rest on a customer's payments or the payment alone, and those that rest on a merchant's."""
    merchants = tuple(feature for feature in features if "merchant_id" in entities_of(feature))
    return tuple(feature for feature in features if feature not in merchants), merchants


def widened(frame: pl.DataFrame) -> pl.DataFrame:
    """As in gold.features: in single precision, with null for each feature that a source does not compute."""
    lacking = [pl.lit(None, STORED).alias(name) for name in COMPUTED if name not in frame.columns]
    return frame.with_columns(lacking).select(*PAYMENT, pl.col(COMPUTED).cast(STORED))
