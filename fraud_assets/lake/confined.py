"""A DuckDB connection that SQL from outside can be given to."""

import duckdb


def confine(connection: duckdb.DuckDBPyConnection) -> None:
    """From now on its statements see what is registered and nothing of this machine: no files, network, settings."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
