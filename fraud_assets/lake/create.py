"""Creating the declared tables, and adding the columns and properties a declaration has gained since."""

from collections.abc import Mapping

from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import ALL, Table
from fraud_assets.lake.location import Lake


def create_all(spark: SparkSession, lake: Lake, tables: tuple[Table, ...] = ALL) -> None:
    """Make every declared table exist with its declared columns, properties and constraints; existing rows stay.

    A column that is no longer declared keeps its values, and is null in new rows.
    A table and each of its constraints are commits of their own: what died between them is completed here.
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
        for name in (f.name for f in present.schema().fields if not f.nullable and f.name not in table.column_names):
            spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` ALTER COLUMN `{name}` DROP NOT NULL")
        held = present.metadata().configuration
        changed = {name: value for name, value in table.properties.items() if held.get(name) != value}
        if changed:
            properties = ", ".join(f"'{name}' = '{value}'" for name, value in changed.items())
            spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` SET TBLPROPERTIES ({properties})")
        _constrain(spark, table, held, lake)


def _constrain(spark: SparkSession, table: Table, held: Mapping[str, str], lake: Lake) -> None:
    """Add the declared constraints that are not among the properties the table holds."""
    for name, condition in table.constraints:
        if f"delta.constraints.{name}" not in held:
            spark.sql(f"ALTER TABLE delta.`{lake.path(table)}` ADD CONSTRAINT {name} CHECK ({condition})")
