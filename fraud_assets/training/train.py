"""A training from start to end: split, fit, calibrate, threshold, test, the gate, registry."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl

from fraud_assets.declarations.features.catalogue import NAMES, of_names
from fraud_assets.declarations.sources.model import MemberConfig, ModelConfig
from fraud_assets.declarations.tables import gold
from fraud_assets.errors import FraudError
from fraud_assets.features.fingerprint import fingerprint
from fraud_assets.lake.location import Lake
from fraud_assets.models import artifact as model
from fraud_assets.models.artifact_hash import hash_of
from fraud_assets.models.baseline_distribution import distribution
from fraud_assets.models.model_store import GATE_FILE, Card, champions
from fraud_assets.training.data.dataset import TrainingSet, with_features
from fraud_assets.training.data.split import Days, Part, Split, split
from fraud_assets.training.evaluate import model_card
from fraud_assets.training.evaluate.evaluation import Evaluation, evaluate
from fraud_assets.training.evaluate.segments import segmented
from fraud_assets.training.evaluate.threshold import cheapest
from fraud_assets.training.fit.distributed import Workers
from fraud_assets.training.fit.fitting import calibrated, fit, parameters
from fraud_assets.training.promote import gate, registry
from fraud_assets.training.promote.gate import Condition
from fraud_assets.training.promote.opponent import opponent
from fraud_assets.training.promote.registry import Role
from fraud_assets.training.promote.track import Registered, Work, track
from fraud_assets.version import code_version


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of a training; ``rows`` are each part's payments, ``refusal`` is why it did not become champion.

    ``champion_version`` is the champion before it, also one that scoring cannot use.
    """

    source: str
    run_id: str
    version: int
    role: Role
    threshold: float
    evaluation: Evaluation
    conditions: tuple[Condition, ...]
    refusal: str | None
    champion_version: int | None
    split: Split
    rows: dict[str, int]
    model_card: str


def train(
    data: TrainingSet,
    config: ModelConfig,
    label_delay: timedelta,
    tracking_uri: str,
    cache: Path,
    lake: Lake,
    names: Sequence[str] = NAMES,
    workers: Workers | None = None,
) -> TrainingResult:
    """Train a source's model on its newest days with known labels, and make it champion if the gate lets it.

    Without a champion that scoring can use it becomes champion whatever the gate says, as nothing would be scored.
    ``cache`` is a folder for fetched models, ``lake`` has the tables that ``data`` was read from, ``workers`` are
    Spark's, which fit what is too much for this process.

    Raises:
        FraudError: too little history, no fraud in a part of it, or MLflow cannot be reached.
    """
    for member in config.members:
        parameters(member)  # a wrong one is an error before anything is read
    parts = parts_of(data, config, label_delay)
    trained = _trained_on(data, parts.train)
    validation, test = part_of(data, "validation", parts.validation), part_of(data, "test", parts.test)
    champion = champions(data.source, tracking_uri).champion  # first, so that a server that is down shows at once
    rival = None if champion is None else opponent(data.source, champion, tracking_uri, cache)

    fitted = fit(data, parts.train, config, names, label_delay, workers)
    trained_model = calibrated(fitted.model, validation, validation["is_fraud"], config.calibration)
    expected = model.score(trained_model, validation)
    threshold = cheapest(validation["is_fraud"], expected, validation["amount"], config.costs)
    test = segmented(test, data.features).with_columns(score=pl.Series(model.score(trained_model, test)))
    if rival is not None:
        of_rival = with_features(test, rival.names, data, lake)
        test = test.with_columns(champion_score=pl.Series(model.score(rival, of_rival)))
    evaluation = evaluate(trained_model, test, threshold, config.costs)
    conditions = gate.conditions(trained_model, test, gold.FEATURES.column_names)
    refusal = gate.refusal(conditions)

    rows = {"train": trained, "validation": validation.height, "test": test.height}
    baseline = {name: distribution(fitted.payments[name]) for name in names}
    baseline["score"] = distribution(model.score(trained_model, fitted.payments))
    text = model_card.card(data, parts, rows, fitted.members, trained_model, config, threshold, evaluation, conditions)
    file = model.to_bytes(trained_model)
    card = Card(tuple(names), fingerprint(of_names(names)), threshold, baseline, hash_of(file), code_version())
    registered = track(
        Work(
            data=data,
            names=names,
            model=file,
            card=card,
            refusal=refusal,
            params=_params(data, parts, label_delay, rows, fitted.members, config)
            | {"features_fingerprint": card.features_fingerprint, "code_version": card.code_version},
            metrics=evaluation.metrics | {"threshold": threshold},
            figures=evaluation.figures,
            texts={
                model_card.FILE: text,
                GATE_FILE: json.dumps([asdict(condition) for condition in conditions]),
                "segments.csv": evaluation.segments.write_csv(),
            },
        ),
        tracking_uri,
        lake,
    )
    if rival is not None and refusal is not None:
        role: Role = "challenger"
        registry.refresh_aliases(data.source, tracking_uri)
    else:
        role, refusal = _promoted(data.source, registered, champion, refusal, tracking_uri)
    return TrainingResult(
        source=data.source,
        run_id=registered.run_id,
        version=registered.version,
        role=role,
        threshold=threshold,
        evaluation=evaluation,
        conditions=conditions,
        refusal=refusal,
        champion_version=champion,
        split=parts,
        rows=rows,
        model_card=text,
    )


def _promoted(
    source: str, registered: Registered, replaces: int | None, refusal: str | None, tracking_uri: str
) -> tuple[Role, str | None]:
    """The new version's role: champion in place of ``replaces``, or challenger and why."""
    try:
        registry.make_champion(source, registered.version, registered.run_id, replaces, tracking_uri)
    except registry.ChampionChanged as error:
        return "challenger", str(error)
    return "champion", refusal


def parts_of(data: TrainingSet, config: ModelConfig, label_delay: timedelta) -> Split:
    """The latest split of the data.

    Raises:
        FraudError: there are no payments, or too few days of them.
    """
    time = pl.col("event_time")
    first, last = data.features.select(first=time.min(), last=time.max()).collect().row(0)
    if first is None:
        raise FraudError(f"training: there are no features of {data.source} yet; run the job refresh first")
    return split(first, last, label_delay, days_of(config))


def days_of(config: ModelConfig) -> Days:
    """How many days each part of the split has."""
    return Days(config.longest_training_days, config.validation_days, config.test_days, config.warm_up_days)


def named_parts(parts: Split) -> dict[str, Part]:
    """The parts in time's order."""
    return {"train": parts.train, "validation": parts.validation, "test": parts.test}


def part_of(data: TrainingSet, name: str, part: Part) -> pl.DataFrame:
    """A part's payments with ``is_fraud`` as it was known then.

    Raises:
        FraudError: they are all genuine or all fraud.
    """
    payments = part.collect(data.features, data.labels)
    _need_both(name, part, payments.height, int(payments["is_fraud"].sum()))
    return payments


def _trained_on(data: TrainingSet, part: Part) -> int:
    payments, frauds = part.count(data.features, data.labels)
    _need_both("train", part, payments, frauds)
    return payments


def _need_both(name: str, part: Part, payments: int, frauds: int) -> None:
    if not 0 < frauds < payments:
        raise FraudError(
            f"training: {frauds} frauds among the {payments} {name} payments of {part.start:%Y-%m-%d} to "
            f"{part.end:%Y-%m-%d}; both kinds are needed: bring in more history or labels"
        )


def _params(
    data: TrainingSet,
    parts: Split,
    label_delay: timedelta,
    rows: dict[str, int],
    members: Sequence[MemberConfig],
    config: ModelConfig,
) -> dict[str, object]:
    spans = {
        f"{name}_{edge}": getattr(part, edge).isoformat()
        for name, part in named_parts(parts).items()
        for edge in ("start", "end")
    }
    first, *others = members
    return {
        **_member_params(first),
        **{
            f"member_{at} {name}": value
            for at, one in enumerate(others, 2)
            for name, value in _member_params(one).items()
        },
        "calibration": config.calibration,
        "undetected_share": config.undetected_share,
        "label_delay_s": int(label_delay.total_seconds()),
        "data_digest": data.digest,
        **spans,
        **{f"{name}_rows": count for name, count in rows.items()},
        **{f"data {table}": f"version {number}" for table, number in data.versions.items()},
    }


def _member_params(member: MemberConfig) -> Mapping[str, object]:
    about = member.model_dump(exclude={"parameters"}, include=set(MemberConfig.model_fields))
    return {**about, **parameters(member)}
