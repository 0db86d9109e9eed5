"""What DuckDB needs before it can compute translated expressions."""

import duckdb
from duckdb.func import SPECIAL

from fraud_assets.expressions import json_text
from fraud_assets.expressions.functions import JSON_MEMBER


def with_functions(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection with the functions that DuckDB lacks."""
    connection.create_function(JSON_MEMBER, json_text.member, ["varchar", "varchar"], "varchar", null_handling=SPECIAL)
    return connection
