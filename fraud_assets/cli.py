"""The table of ``fraud …`` commands; each lives beside what it commands.

A command's module is imported here, so it must be cheap to import: heavy libraries are imported where they are used.
"""

import sys

import typer

from fraud_assets import logs
from fraud_assets.demo import command as demonstration
from fraud_assets.errors import FraudError
from fraud_assets.lake import commands as lake
from fraud_assets.onboarding import commands as onboarding
from fraud_assets.settings import settings
from fraud_assets.silver import commands as quarantine
from fraud_assets.silver import label_command
from fraud_assets.sources import commands as sources
from fraud_assets.sources.replay import commands as replaying
from fraud_assets.stack import commands as stack
from fraud_assets.stack import run_command
from fraud_assets.training import commands as training
from fraud_assets.watchlists import commands as references

app = typer.Typer(
    help="The fraud lakehouse", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def configured() -> None:
    """What every command needs before it begins."""
    logs.configure(settings().log_level)


app.command()(stack.up)
app.command()(stack.down)
app.command()(stack.status)
app.command()(stack.part)
app.command()(demonstration.demo)
app.command()(run_command.run)
app.command()(lake.query)
app.command()(lake.export)
app.command()(replaying.replay)
app.command()(label_command.label)
app.add_typer(sources.app, name="simulate")
app.add_typer(references.app, name="reference")
app.add_typer(onboarding.app, name="source")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(training.app, name="model")


def main() -> None:
    """Run a command; an error that a person can put right is shown as one line and exit status 1."""
    try:
        app()
    except FraudError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
