"""The command ``fraud run``: a Dagster job with progress that a person can read."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from fraud_assets.errors import FraudError
from fraud_assets.orchestration.jobs import Job
from fraud_assets.settings import settings

MARKS = {"SUCCESS": "[green]✓[/]", "FAILURE": "[red]✗[/]", "SKIPPED": "[dim]-[/]"}


def run(
    job: Annotated[str, typer.Argument(help=", ".join(Job))],
    source: Annotated[str, typer.Option(help="the source to run it for; upkeep takes all")] = "cards",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object, for programs")] = False,
) -> None:
    """Run a job on the running stack and wait for it; exit status 1 unless every step and check passed.

    Example: fraud run refresh --source cards
    """
    from fraud_assets.declarations.sources.source import named  # every command imports this module
    from fraud_assets.orchestration import run_client

    if job not in list(Job):
        raise FraudError(f"no job '{job}'; there are: {', '.join(Job)}")
    wanted = Job(job)
    console = Console(stderr=as_json, highlight=False)
    run_id = run_client.launch(settings(), wanted, named(source).name if wanted.of_a_source else None)
    console.print(f"{job} is run {run_id}")
    shown: set[str] = set()
    with console.status("queued") as display:
        for state in run_client.follow(settings(), run_id):
            for step in state.steps:
                if step.status in MARKS and step.name not in shown:
                    shown.add(step.name)
                    console.print(f"  {MARKS[step.status]} {step.name:40} {step.seconds:6.1f} s")
            going = [step.name for step in state.steps if step.status not in MARKS]
            display.update(", ".join(going) or state.status.lower())
    outcome = run_client.outcome(settings(), run_id)
    failed = [check for check in outcome.checks if not check.passed and check.severity == "ERROR"]
    if as_json:
        print(json.dumps({"run": asdict(state), "outcome": asdict(outcome)}))
    for check in outcome.checks:
        if not check.passed:
            why = f": {escape(check.description)}" if check.description else ""
            console.print(f"  [red]✗[/] check {check.name} on {check.asset} ({check.severity.lower()}){why}")
    if state.status != "SUCCESS" or failed:
        reasons = outcome.errors or tuple(f"check {check.name} on {check.asset} failed" for check in failed)
        raise FraudError(f"{job} ended as {state.status.lower()}: {'; '.join(reasons) or 'see the Dagster UI'}")
    seconds = (state.ended or 0) - (state.started or 0)
    console.print(f"{job} succeeded in {seconds:.1f} s, {len(outcome.checks)} checks")
