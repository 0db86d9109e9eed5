"""Which parts the stack has, and which of them this installation runs itself."""

from fraud_assets.settings import Settings
from fraud_assets.stack import dagster, kafka, mlflow, spark, streamlit
from fraud_assets.stack.part import Part


def parts(settings: Settings) -> list[Part]:
    """Every part, in the order in which they are shown."""
    return [
        kafka.part(settings),
        spark.part(settings),
        mlflow.part(settings),
        *dagster.parts(settings),
        streamlit.part(settings),
    ]


def embedded(settings: Settings) -> list[Part]:
    """The parts that this installation runs itself."""
    return [part for part in parts(settings) if part.name not in external(settings)]


def external(settings: Settings) -> set[str]:
    """The parts that somebody else runs, because a setting gives their address."""
    given = {
        "kafka": settings.kafka_bootstrap_servers,
        "spark": settings.spark_remote,
        "mlflow": settings.mlflow_tracking_uri,
    }
    return {name for name, address in given.items() if address}
