"""The asset graph, in the order the data flows; all that Dagster loads."""

import dagster as dg

from fraud_assets import wiring
from fraud_assets.bronze import assets as bronze
from fraud_assets.bronze.sensors import kafka_sensor
from fraud_assets.features import assets as features
from fraud_assets.silver import assets as silver

ASSETS = dg.load_assets_from_modules([bronze, silver, features])

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.groups("bronze", "silver", "gold"),
    description="Bronze to scoring for one source: whatever is new since the last run",
    partitions_def=wiring.SOURCES,
    executor_def=dg.in_process_executor,
)

defs = dg.Definitions(
    assets=ASSETS,
    jobs=[refresh],
    sensors=[kafka_sensor(refresh.name)],
    resources=wiring.resources(),
)
