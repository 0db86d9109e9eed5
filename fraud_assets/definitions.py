"""The asset graph, in the order the data flows; all that Dagster loads."""

from functools import partial

import dagster as dg

from fraud_assets import logs
from fraud_assets.bronze import assets as bronze
from fraud_assets.bronze.sensors import kafka_sensor
from fraud_assets.decisions import assets as scoring
from fraud_assets.decisions import checks as scoring_checks
from fraud_assets.declarations import tables
from fraud_assets.declarations.sources.source import catalogue
from fraud_assets.features import assets as features
from fraud_assets.features import checks as features_checks
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.monitoring import assets as monitoring
from fraud_assets.orchestration import run_status
from fraud_assets.orchestration.jobs import Job
from fraud_assets.orchestration.spark import resources
from fraud_assets.orchestration.upkeep import upkeep
from fraud_assets.settings import settings
from fraud_assets.silver import assets as silver
from fraud_assets.silver import checks as silver_checks
from fraud_assets.silver.sensors import quarantine_sensor
from fraud_assets.summaries import assets as gold
from fraud_assets.summaries import checks as gold_checks
from fraud_assets.training import assets as training
from fraud_assets.training import checks as training_checks
from fraud_assets.training.sensors import retraining_sensor
from fraud_assets.watchlists import assets as references_assets
from fraud_assets.watchlists import checks as references_checks
from fraud_assets.watchlists.lists import LISTS

logs.configure(settings().log_level)

TRAINED = dg.AssetSelection.assets(*training.trained.keys)
SUMMARIES = dg.AssetSelection.assets(*gold.KEYS)
REFERENCES = dg.AssetSelection.assets(*references_assets.KEYS)

FIRST_SOURCE = {run_status.PARTITION_TAG: next(iter(catalogue()))}
"""What `dagster job execute` runs for without a source."""

for_a_source = partial(dg.define_asset_job, tags=FIRST_SOURCE, executor_def=dg.in_process_executor)

refresh = for_a_source(
    Job.REFRESH.value,
    selection=dg.AssetSelection.groups("bronze", "silver", "gold") - TRAINED - SUMMARIES - REFERENCES,
    description="Bronze to scoring for one source: whatever is new since the last run",
)
train = for_a_source(
    Job.TRAIN.value,
    selection=TRAINED,
    description="A new model of one source; champion if it beats the present one on later payments",
)
summaries = for_a_source(
    Job.SUMMARIES.value,
    selection=SUMMARIES,
    description="Business summaries of one source, beside the scoring so that no decision waits for them",
)
references = for_a_source(
    Job.REFERENCES.value,
    selection=REFERENCES,
    description="The lists that settings name, for the payments of one source",
)


@dg.schedule(job=references, cron_schedule="5 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def hourly_references(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
    """The lists for every source that has payments, each hour, where any list is set."""
    if not any(each.place(settings()) for each in LISTS.values()):
        return dg.SkipReason(f"no list is set; settings: {', '.join(f'FRAUD_{name.upper()}' for name in LISTS)}")
    return _for_each_source(context.scheduled_execution_time.isoformat())


@dg.schedule(job=summaries, cron_schedule="*/15 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def quarter_hourly_summaries(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """The summaries of every source that has payments, each quarter of an hour."""
    return _for_each_source(context.scheduled_execution_time.isoformat())


@dg.schedule(job=train, cron_schedule="0 3 * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def daily_training(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """A new model of every source that has payments, each night."""
    return _for_each_source(str(context.scheduled_execution_time.date()))


def _for_each_source(moment: str) -> list[dg.RunRequest]:
    """A run for each source that has payments, once for the moment."""
    lake = Lake.of(settings())
    paying = [source for source in catalogue() if reads.newest_time(tables.silver.TRANSACTIONS, lake, source)]
    return [dg.RunRequest(run_key=f"{source}-{moment}", partition_key=source) for source in paying]


daily_upkeep = dg.ScheduleDefinition(
    name="daily_upkeep", job=upkeep, cron_schedule="0 4 * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [bronze, silver, references_assets, gold, features, training, scoring, monitoring]
    ),
    asset_checks=dg.load_asset_checks_from_modules(
        [silver_checks, references_checks, gold_checks, features_checks, training_checks, scoring_checks]
    ),
    jobs=[refresh, references, summaries, train, upkeep],
    schedules=[hourly_references, quarter_hourly_summaries, daily_training, daily_upkeep],
    sensors=[kafka_sensor(Job.REFRESH.value), quarantine_sensor(Job.REFRESH.value), retraining_sensor(Job.TRAIN.value)],
    resources=resources(),
)
