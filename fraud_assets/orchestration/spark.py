"""The Spark session that Dagster gives to assets: a thin client of the Spark Connect server."""

from collections.abc import Mapping
from typing import Any

from dagster_pyspark import LazyPySparkResource
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from fraud_assets.logs import logger
from fraud_assets.settings import settings

_LOG = logger(__name__)


class Spark(LazyPySparkResource):
    """A session on the Connect server, opened when a step first asks for it.

    A restarted server rejects old sessions, so we open a new one.
    """

    @property
    def spark_session(self) -> SparkSession:
        """The run's session; while the server restarts, this waits for it."""
        session: SparkSession = super().spark_session
        try:
            session.conf.get("spark.sql.session.timeZone")
        except PySparkException as error:
            _LOG.warning("Spark restarted; opening a new session", error=str(error)[:200])
            session.stop()  # or `getOrCreate` would return it again
            self._spark_session = None
            session = super().spark_session
        return session


def resources() -> Mapping[str, Any]:
    """The resources of the asset graph."""
    return {"spark": Spark(spark_config={"spark.remote": settings().spark})}
