"""The embedded Spark: one Connect server with Delta and Kafka; everybody else is its thin client."""

import sys
import uuid
from collections.abc import Mapping

from fraud_assets.settings import REPOSITORY, Settings
from fraud_assets.stack.jars import PYSPARK_JARS, folder
from fraud_assets.stack.java import LOGGING_TO_STDOUT, SPARK_OPTIONS, java
from fraud_assets.stack.part import PATIENCE_S, Part

LOGGING = (
    LOGGING_TO_STDOUT
    + """\
logger.delta.name = org.apache.spark.sql.delta
logger.delta.level = ERROR
logger.window.name = org.apache.spark.sql.execution.window
logger.window.level = ERROR
"""
)
MESSAGE_BYTES = 512 * 1024 * 1024


def part(settings: Settings) -> Part:
    """The Connect server as a supervised process."""
    conf = [f"--conf={name}={value}" for name, value in configuration(settings).items()]
    return Part(
        name="spark",
        command=(
            str(java()),
            f"-Xmx{settings.spark_memory}",
            "-XX:+UseParallelGC",
            *SPARK_OPTIONS,
            f"-Dlog4j2.configurationFile={settings.runtime / 'spark/log4j2.properties'}",
            *("-cp", f"{PYSPARK_JARS}/*:{folder('spark')}/*"),
            *("org.apache.spark.deploy.SparkSubmit", "--master", f"local[{settings.spark_cores}]", *conf),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--name", "fraud"),
            "spark-internal",
        ),
        environment={
            "SPARK_HOME": str(PYSPARK_JARS.parent),
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": str(REPOSITORY),
            "SPARK_LOCAL_IP": settings.reached("spark"),
        },
        ports={"FRAUD_SPARK_PORT": settings.spark_port},
        memory_mib=2700,
        address=settings.spark,
        healthy=lambda: healthy(settings),
        prepare=lambda: prepare(settings),
    )


def configuration(settings: Settings) -> Mapping[str, str]:
    """Spark's settings, measured to matter on a small machine, and the few that the lake's correctness rests on."""
    return {
        "spark.driver.host": settings.reached("spark"),
        "spark.driver.bindAddress": settings.host,
        "spark.connect.grpc.binding.address": settings.host,
        "spark.connect.grpc.binding.port": str(settings.spark_port),
        "spark.connect.grpc.maxInboundMessageSize": str(MESSAGE_BYTES),
        "spark.connect.session.manager.defaultSessionTimeout": "10m",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.warehouse.dir": str(settings.runtime / "spark/warehouse"),
        "spark.local.dir": str(settings.runtime / "spark/scratch"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.shuffle.partitions": str(settings.spark_cores),
        "spark.sql.window.segmentTree.enabled": "true",
        "spark.sql.maxConcurrentOutputFileWriters": "16",
        "spark.sql.files.maxPartitionBytes": "8m",
        "spark.hadoop.parquet.block.size": str(16 * 1024 * 1024),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.databricks.delta.snapshotPartitions": str(settings.spark_cores),
        "spark.python.worker.reuse": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.port.maxRetries": "0",
    }


def prepare(settings: Settings) -> None:
    """Write the logging configuration and make the folders."""
    home = settings.runtime / "spark"
    (home / "scratch").mkdir(parents=True, exist_ok=True)
    (home / "log4j2.properties").write_text(LOGGING)


def healthy(settings: Settings) -> bool:
    """Whether the server answers a request that reaches its Spark session."""

    import grpc
    from pyspark.sql.connect import proto
    from pyspark.sql.connect.client import DefaultChannelBuilder

    session = str(uuid.uuid4())
    user = proto.UserContext(user_id="health")
    question = proto.AnalyzePlanRequest(
        session_id=session, user_context=user, spark_version=proto.AnalyzePlanRequest.SparkVersion()
    )
    with DefaultChannelBuilder(settings.spark).toChannel() as channel:
        server = proto.SparkConnectServiceStub(channel)  # type: ignore[no-untyped-call]
        try:
            answer = server.AnalyzePlan(question, timeout=PATIENCE_S)
            server.ReleaseSession(
                proto.ReleaseSessionRequest(session_id=session, user_context=user), timeout=PATIENCE_S
            )
        except grpc.RpcError:
            return False
        return bool(answer.spark_version.version)
