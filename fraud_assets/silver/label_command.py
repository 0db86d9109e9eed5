"""The command ``fraud label``."""

import getpass
from typing import Annotated

import typer

from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings


def label(
    transaction_id: Annotated[str, typer.Argument(help="the payment, by its source's identifier")],
    is_fraud: Annotated[bool | None, typer.Option("--fraud/--genuine", help="the label", show_default=False)] = None,
    why: Annotated[str, typer.Option(help="the reason, kept with the label", show_default=False)] = "",
    source: Annotated[str, typer.Option(help="the payment's source")] = "cards",
    who: Annotated[str, typer.Option(help="who gives it; you without it", show_default=False)] = "",
) -> None:
    """Label a payment as fraud or genuine; features and models use the label from now on. Needs no running stack.

    Example: fraud label 4711 --fraud --source cards --why "customer denies it"
    """
    if is_fraud is None or not why:
        raise FraudError('label: give --fraud or --genuine, with --why "the reason"')
    from fraud_assets.declarations.sources.source import named
    from fraud_assets.silver.analyst_labels import add_label  # Polars, which other commands do not need

    there = add_label(named(source).name, transaction_id, is_fraud, who or getpass.getuser(), why, Lake.of(settings()))
    waits = "" if there else "; the payment is not in silver yet, the label waits for it"
    print(f"{transaction_id} of {source} is {'fraud' if is_fraud else 'genuine'}{waits}")
