"""What a table declaration is made of, and the SQL that follows from it."""

from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """How far a record has come."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class Privacy(StrEnum):
    """What a column may reveal; masking and erasure follow from it."""

    OPEN = "open"
    PSEUDONYM = "pseudonym"
    PERSONAL = "personal"


class Filled(StrEnum):
    """What fills a column of silver."""

    MAPPING = "mapping"
    """An expression in the source's file."""
    RECORD = "record"
    """The record, without a mapping."""
    LAKE = "lake"
    """The lake: Kafka coordinates and times of processing, which are no content of the record."""


@dataclass(frozen=True)
class Column:
    """One column: its Spark SQL type, what it means, its unit where it has one."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    privacy: Privacy = Privacy.OPEN
    nullable: bool = True
    filled: Filled = Filled.MAPPING

    @property
    def ddl(self) -> str:
        """The column as a line of ``CREATE TABLE``."""
        comment = f"{self.meaning} [{self.unit}]" if self.unit else self.meaning
        required = "" if self.nullable else " NOT NULL"
        return f"`{self.name}` {self.type}{required} COMMENT '{comment.replace(chr(39), chr(39) * 2)}'"


FORMAT, FORMAT_PROPERTY = "2", "fraud.format"
"""The format of the tables, and the table property that says it; increased when a table or column gets another name."""
RETENTION_DAYS = 30
"""How far back time travel and the change feed reach; a step that has not run for longer cannot go on."""


@dataclass(frozen=True)
class Table:
    """One Delta table: ``layer.name`` under the lake's root, with its columns and rules.

    ``key`` is what makes a row unique; ``time`` the column by which readers skip files;
    ``cluster_by`` are columns whose near values upkeep puts near each other, so that readers skip more;
    ``constraints`` are CHECK constraints: what is said of a row that breaks one (as a name), and what must hold.
    """

    layer: Layer
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: str
    partition_by: tuple[str, ...] = ("source",)
    cluster_by: tuple[str, ...] = ()
    constraints: tuple[tuple[str, str], ...] = ()

    @property
    def full_name(self) -> str:
        """The name people query, for example ``silver.transactions``."""
        return f"{self.layer}.{self.name}"

    @property
    def column_names(self) -> list[str]:
        """Column names in declared order."""
        return [column.name for column in self.columns]

    @property
    def properties(self) -> dict[str, str]:
        """Delta's table properties: change feed, statistics of the columns that readers skip by, retention."""
        columns = (self.time, *self.key, *self.cluster_by)
        skipping = dict.fromkeys(name for name in columns if name not in self.partition_by)
        return {
            "delta.enableChangeDataFeed": "true",
            "delta.enableDeletionVectors": "true",
            "delta.dataSkippingStatsColumns": ",".join(skipping),
            "delta.logRetentionDuration": f"interval {RETENTION_DAYS} days",
            "delta.deletedFileRetentionDuration": f"interval {RETENTION_DAYS} days",
            FORMAT_PROPERTY: FORMAT,
        }

    def ddl(self, path: str) -> str:
        """``CREATE TABLE IF NOT EXISTS`` at a path, with comments, partitioning and properties."""
        columns = ",\n  ".join(column.ddl for column in self.columns)
        partitioning = f"\nPARTITIONED BY ({', '.join(self.partition_by)})" if self.partition_by else ""
        rendered = ", ".join(f"'{name}' = '{value}'" for name, value in self.properties.items())
        comment = self.description.replace("'", "''")
        return (
            f"CREATE TABLE IF NOT EXISTS delta.`{path}` (\n  {columns}\n) USING delta{partitioning}\n"
            f"COMMENT '{comment}'\nTBLPROPERTIES ({rendered})"
        )


SOURCE = Column(
    "source", "string", "which source the row came from; one of the YAML files", nullable=False, filled=Filled.LAKE
)
COORDINATES = (
    Column("topic", "string", "Kafka topic the record was read from", filled=Filled.LAKE),
    Column("partition", "int", "Kafka partition", filled=Filled.LAKE),
    Column("offset", "bigint", "Kafka offset within the partition", filled=Filled.LAKE),
    Column("kafka_time", "timestamp", "Kafka's timestamp of the record", "UTC", filled=Filled.LAKE),
)
