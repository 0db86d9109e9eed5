"""The commands ``fraud model …``: look at a source's models, change the champion, look for better parameters.

What belongs here: reading options and showing results; heavy libraries are imported where they are used.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Shown

from fraud_assets.console import plain
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings

app = typer.Typer(help="A source's models in the registry.", no_args_is_help=True)
console = plain()


def _known(source: str) -> str:
    from fraud_assets.declarations.sources.source import named

    return named(source).name


Source = Annotated[str, typer.Option(help="the source whose models are meant", callback=_known)]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON, for programs")]
Version = Annotated[int, typer.Argument(help="a version of the source's models")]


@app.command("list")
def list_models(source: Source = "cards", as_json: AsJson = False) -> None:
    """Every version with its alias, its average precision and what the gate said; newest first.

    Example: fraud model list --source cards
    """
    from fraud_assets.training.promote import registry

    found = registry.versions(source, settings().mlflow)
    if as_json:
        print(json.dumps([asdict(version) for version in found]))
        return
    if not found:
        raise FraudError(f"{source} has no models yet; train one: fraud run train --source {source}")
    shown = Shown("version", "alias", "trained", "average precision", "gate", box=None)
    for one in found:
        reached = one.metrics.get("average_precision")
        gate = "rolled back" if one.rolled_back_at else one.refusal or "passed"
        alias, trained = ", ".join(one.aliases), one.created_at[:16].replace("T", " ")
        shown.add_row(str(one.version), alias, trained, f"{reached:.4f}" if reached else "", gate)
    console.print(shown)


@app.command()
def promote(
    version: Version,
    source: Source = "cards",
    force: Annotated[bool, typer.Option("--force", help="although the gate refused it")] = False,
) -> None:
    """Make a version the champion; scoring uses it from its next run on.

    Example: fraud model promote 3 --source cards
    """
    from fraud_assets.training.promote import registry

    registry.promote(source, version, settings().mlflow, force)
    console.print(f"version {version} is the champion of {source}")


@app.command()
def rollback(source: Source = "cards") -> None:
    """Put the champion before the present one back.

    Example: fraud model rollback --source cards
    """
    from fraud_assets.training.promote import registry

    former, present = registry.rollback(source, settings().mlflow)
    console.print(f"version {present} is the champion of {source} again, version {former} is no longer")


@app.command()
def card(
    version: Annotated[
        int | None, typer.Argument(help="a version of the source's models; the champion without")
    ] = None,
    source: Source = "cards",
) -> None:
    """The model card of the champion or of another version, as Markdown.

    Example: fraud model card > card.md
    """
    from fraud_assets.training.evaluate import model_card
    from fraud_assets.training.promote import registry

    here = settings().mlflow
    print(registry.text(source, version or registry.champion_version(source, here), model_card.FILE, here))


@app.command()
def data(
    version: Version,
    output: Annotated[Path, typer.Option(help="write the payments to this Parquet file")],
    source: Source = "cards",
) -> None:
    """The payments a version was trained and tested on, read again from the lake's versions and checked.

    Example: fraud model data 3 --output payments.parquet
    """
    import polars as pl

    from fraud_assets.output_file import check
    from fraud_assets.training.data.dataset import training_set
    from fraud_assets.training.promote import registry
    from fraud_assets.training.promote.track import versions_read

    check(output, (".parquet",))
    here = settings()
    run_id = registry.run_of(source, version, here.mlflow)
    versions, digest = versions_read(run_id, here.mlflow)
    read = training_set(
        source, versions, Lake.of(here), registry.features_of(source, version, here.mlflow), here.max_rows_in_memory
    )
    if read.digest != digest:
        raise FraudError(f"the lake's rows have the digest {read.digest}, version {version} was made of {digest}")
    read.ordered().sink_parquet(output)
    rows = pl.scan_parquet(output).select(pl.len()).collect().item()
    console.print(f"{rows:,} payments in {output}, digest {digest} as when version {version} was trained")


@app.command()
def search(
    source: Source = "cards",
    trials: Annotated[int | None, typer.Option(min=1, help="stop after so many more trials")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="stop after so long")] = None,
) -> None:
    """Look for better parameters on folds before the test; run again, it goes on where it stopped.

    It prints the best as the model section of the source's file, to put there by hand.

    Example: fraud model search --source cards --trials 30
    """
    from fraud_assets.declarations.sources.source import named
    from fraud_assets.training.data.dataset import pinned, training_set
    from fraud_assets.training.fit import search as searching

    if trials is None and minutes is None:
        raise FraudError("search: give --trials N, --minutes M or both")
    here, described = settings(), named(source)
    known = searching.study(source, described.model.algorithm, here.runtime / "search")
    versions = searching.versions_of(known) or pinned(Lake.of(here))
    names = described.model_features
    read = training_set(source, versions, Lake.of(here), names, here.max_rows_in_memory)
    seconds = minutes * 60 if minutes else None
    found = searching.search(
        known, read, described.model, described.label_delay, names, here.mlflow, Lake.of(here), trials, seconds
    )
    console.print(
        f"{found.trials} trials, {found.pruned} of them given up early; best average precision on the folds: "
        f"{found.average_precision:.4f}\n{here.mlflow}/#/runs/{found.run_id}"
    )
    print(found.to_yaml(), end="")
