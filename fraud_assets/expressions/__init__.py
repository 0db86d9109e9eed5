"""One SQL expression language for mappings, rules, patches and the policy, on Spark, DuckDB and Polars alike.

What belongs here: reading an expression into a checked tree, the table of functions, and the three translations.
Nothing here knows a source, a table or a file. The language is described in docs/expressions.md.
"""

from fraud_assets.expressions.parse import ExpressionError, condition, expression
from fraud_assets.expressions.translate import to_duckdb, to_polars, to_spark
from fraud_assets.expressions.tree import Call, Column, Constant, Node, Type, columns, renamed

__all__ = [
    "Call",
    "Column",
    "Constant",
    "ExpressionError",
    "Node",
    "Type",
    "columns",
    "condition",
    "expression",
    "renamed",
    "to_duckdb",
    "to_polars",
    "to_spark",
]
