"""Creating the declared tables, and adding the columns and properties a declaration has gained since."""

from collections.abc import Mapping

from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import ALL, Table
from fraud_assets.lake.location import Lake


def create_all(spark: SparkSession, lake: Lake, tables: tuple[Table, ...] = ALL) -> None:
    """Create the declared tables, and add columns, properties and constraints that existing ones lack; rows stay.

    A table and each of its constraints are commits of their own; the next call completes a call that died.

    Raises:
        FraudError: the lake has another format.
    """
    for table in tables:
        present = lake.opened(table)
        if present is None:
            spark.sql(table.ddl(lake.path(table)))
            _constrain(spark, table, {}, lake)
            continue
        existing = {field.name for field in present.schema().fields}
        missing = [column for column in table.columns if column.name not in existing]
        if missing:
            added = ", ".join(column.ddl.replace(" NOT NULL", "") for column in missing)
            spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` ADD COLUMNS ({added})")
        properties = present.metadata().configuration
        changed = {name: value for name, value in table.properties.items() if properties.get(name) != value}
        if changed:
            rendered = ", ".join(f"'{name}' = '{value}'" for name, value in changed.items())
            spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` SET TBLPROPERTIES ({rendered})")
        _constrain(spark, table, properties, lake)


def _constrain(spark: SparkSession, table: Table, properties: Mapping[str, str], lake: Lake) -> None:
    """Add the declared constraints that are not among the table's properties."""
    for name, condition in table.constraints:
        if f"delta.constraints.{name}" not in properties:
            spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` ADD CONSTRAINT {name} CHECK ({condition})")
