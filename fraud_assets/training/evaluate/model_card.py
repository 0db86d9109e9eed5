"""The model card as Markdown: what a model is, its data, its figures and limits, for those accountable for it.

The sections follow Mitchell et al., Model Cards for Model Reporting (2019).
"""

from collections.abc import Mapping, Sequence

import polars as pl

from fraud_assets.declarations.sources.model import MemberConfig, ModelConfig
from fraud_assets.declarations.tables import gold
from fraud_assets.models.artifact import TrainedModel
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.data.split import Split
from fraud_assets.training.evaluate.evaluation import Evaluation
from fraud_assets.training.fit.fitting import parameters
from fraud_assets.training.promote import gate
from fraud_assets.training.promote.gate import Condition

FILE = "model_card.md"


def card(
    data: TrainingSet,
    parts: Split,
    rows: Mapping[str, int],
    members: Sequence[MemberConfig],
    model: TrainedModel,
    config: ModelConfig,
    threshold: float,
    evaluation: Evaluation,
    conditions: tuple[Condition, ...],
) -> str:
    """The card's text."""
    metrics, segments, refusal = evaluation.metrics, evaluation.segments, gate.refusal(conditions)
    costs = config.costs
    values = [f"{value:,.4f}".rstrip("0").rstrip(".") for value in metrics.values()]
    spans = "\n".join(
        f"| {name} | {part.start:%Y-%m-%d %H:%M} | {part.end:%Y-%m-%d %H:%M} | {part.labels_at:%Y-%m-%d %H:%M} "
        f"| {rows[name]:,} |"
        for name, part in (("train", parts.train), ("validation", parts.validation), ("test", parts.test))
    )
    return f"""# Model of {data.source}

{chr(10).join(_member(member) for member in members)}

Calibration: {model.calibration.kind}. {_undetected(config)}

**Use.** To rank payments of {data.source} by how likely they are fraud, and to raise an alarm from a score of
{threshold:.4f} on. That threshold was the cheapest on the validation days, an alarm costing {costs.alarm:g} and a
missed fraud {costs.missed_share:.0%} of its amount.

## Data

{_table(pl.DataFrame({"table": list(data.versions), "version": list(data.versions.values())}))}

Digest of the rows: `{data.digest}`. Times are UTC; a part uses the labels that were known at "labels of".

| part | from | to | labels of | payments |
|---|---|---|---|---|
{spans}

## Metrics on the test days

{_table(pl.DataFrame({"metric": list(metrics), "value": values}))}

`_low` and `_high` bound 95 % of the draws of a bootstrap over customers.

{_table(segments.with_columns(pl.col(pl.Float64).round(4)))}

## Gate

{(refusal and f"Refused. {refusal}") or "Passed."}

{chr(10).join(gate.lines(conditions))}

## Limits

- A payment without a label by the end of the label delay counts as genuine: unreported frauds are not counted.
- Figures are of {parts.test.start:%Y-%m-%d} to {parts.test.end:%Y-%m-%d}; fraud changes, see drift.
- Figures of segments with few frauds are uncertain; customers' ages are days since their first known payment.
- Trained on {data.source} alone; do not use it for other sources.

## Features

{_features(model)}
"""


def _member(member: MemberConfig) -> str:
    values = ", ".join(f"{name} {value}" for name, value in parameters(member).items())
    days = "all days" if member.training_days is None else f"the newest {member.training_days:g} days"
    sampled = f", {member.genuine_share:.0%} of genuine payments" if member.genuine_share < 1 else ""
    return f"- {member.algorithm} on {days}{sampled}, imbalance: {member.imbalance}, seeds: {member.seeds}. {values}."


def _undetected(config: ModelConfig) -> str:
    share = config.undetected_share
    return f"A score includes the probability of frauds that no label shows yet, {share:.0%} of all." if share else ""


def _features(model: TrainedModel) -> str:
    columns = {column.name: column for column in gold.FEATURES.columns}
    declared = [(name, columns[name].meaning, columns[name].unit or "") for name in model.names if name in columns]
    return _table(pl.DataFrame(declared, schema=["feature", "meaning", "unit"], orient="row"))


def _table(frame: pl.DataFrame) -> str:
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * frame.width]
    lines += ["| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |" for row in frame.iter_rows()]
    return "\n".join(lines)
