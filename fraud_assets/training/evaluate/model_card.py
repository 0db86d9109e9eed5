"""The model card: what a model is, was made of and can do, for people who have to answer for it, as Markdown.

The sections follow Mitchell et al., Model Cards for Model Reporting (2019).
"""

from collections.abc import Mapping

import polars as pl

from fraud_assets.declarations.sources.model import Costs
from fraud_assets.declarations.tables import gold
from fraud_assets.models.artifact import Recipe, TrainedModel
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.data.split import Split
from fraud_assets.training.evaluate.evaluation import Evaluation
from fraud_assets.training.promote import gate
from fraud_assets.training.promote.gate import Condition

FILE = "model_card.md"


def card(
    data: TrainingSet,
    parts: Split,
    rows: Mapping[str, int],
    recipe: Recipe,
    model: TrainedModel,
    costs: Costs,
    threshold: float,
    evaluation: Evaluation,
    conditions: tuple[Condition, ...],
) -> str:
    """The card's text."""
    metrics, segments, refusal = evaluation.metrics, evaluation.segments, gate.refusal(conditions)
    parameters = ", ".join(f"{name} {value}" for name, value in recipe.all_parameters().items())
    values = [f"{value:,.4f}".rstrip("0").rstrip(".") for value in metrics.values()]
    spans = "\n".join(
        f"| {name} | {part.start:%Y-%m-%d %H:%M} | {part.end:%Y-%m-%d %H:%M} | {part.labels_at:%Y-%m-%d %H:%M} "
        f"| {rows[name]:,} |"
        for name, part in (("train", parts.train), ("validation", parts.validation), ("test", parts.test))
    )
    return f"""# Model of {data.source}

{recipe.algorithm}, imbalance: {recipe.imbalance}, calibration: {model.calibration.kind}. {parameters}.

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

- A payment without a label by the end of the label delay counts as genuine: frauds nobody reports are not seen.
- Figures are of {parts.test.start:%Y-%m-%d} to {parts.test.end:%Y-%m-%d}; fraud changes, see drift.
- Segments with few frauds have figures that mean little; customers' ages are days since the first payment known of.
- Trained for {data.source} alone; of other sources it knows nothing.

## Features

{_features(model)}
"""


def _features(model: TrainedModel) -> str:
    columns = {column.name: column for column in gold.FEATURES.columns}
    declared = [(name, columns[name].meaning, columns[name].unit or "") for name in model.names if name in columns]
    return _table(pl.DataFrame(declared, schema=["feature", "meaning", "unit"], orient="row"))


def _table(frame: pl.DataFrame) -> str:
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * frame.width]
    lines += ["| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |" for row in frame.iter_rows()]
    return "\n".join(lines)
