"""Texts and names as Spark and DuckDB write them."""


def spark_text(value: str) -> str:
    """A text of Spark SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def duckdb_text(value: str) -> str:
    """A text of DuckDB's SQL."""
    return "'" + value.replace("'", "''") + "'"


def spark_name(name: str) -> str:
    """A column's name in Spark SQL."""
    return "`" + name.replace("`", "``") + "`"


def duckdb_name(name: str) -> str:
    """A column's name in DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'
