"""The operators and functions of the language: what they take, what they give, and their spelling on each engine.

An operator is a function that cannot be called by name. A spelling in SQL is a template of the arguments, already
written ({0}, {1}, {all} for all with commas), or a function of them; in Polars it is a function of the arguments'
expressions, in which those that must be constants are plain values.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from fraud_assets.expressions import json_text
from fraud_assets.expressions.pattern import groups, like, replacement
from fraud_assets.expressions.quoting import duckdb_text, spark_text
from fraud_assets.expressions.tree import Constant, Node, Type

Parameter = Literal[
    "string", "number", "boolean", "timestamp", "any",
    "constants", "pattern", "replacement", "text", "words", "like", "path", "count", "position", "bits",
]  # fmt: skip
"""What an argument is: an expression of a type, or from ``constants`` on a constant of a kind."""
CONSTANTS = frozenset(
    {"constants", "pattern", "replacement", "text", "words", "like", "path", "count", "position", "bits"}
)
NUMBERS = frozenset({"count", "position", "bits"})
"""The kinds of constants that are numbers, which engines take without a type."""
Sql = str | Callable[[Sequence[str], Sequence[Node]], str]

_NUMBER = r"^[ \t\n\r]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t\n\r]*\z"
_WHOLE = r"^[ \t\n\r]*([+-]?[0-9]+)[ \t\n\r]*\z"
JSON_MEMBER = "json_member"
"""The function that DuckDB is to be given for get_json_object: `json_text.member`."""


@dataclass(frozen=True)
class Function:
    """One operator or function; the last parameter repeats where it is ``variadic``, ``defaults`` may be left out."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type | Literal["of its arguments"]
    spark: Sql
    polars: Callable[..., pl.Expr]
    duckdb: Sql | None = None  # None: as Spark
    meaning: str = ""
    usage: str = ""
    variadic: bool = False

    @property
    def public(self) -> bool:
        """Whether expressions call it by its name."""
        return bool(self.usage)

    def takes(self, count: int) -> bool:
        """Whether it can have so many arguments."""
        return count >= len(self.parameters) if self.variadic else count == len(self.parameters)

    def kinds(self, count: int) -> list[Parameter]:
        """What each of so many arguments is."""
        return [*self.parameters, *[self.parameters[-1]] * (count - len(self.parameters))]


def _int128(name: str) -> Callable[[pl.Expr, pl.Expr], pl.Expr]:
    """Whole numbers computed in 128 bits; null where 64 do not hold the result."""

    def computed(left: pl.Expr, right: pl.Expr) -> pl.Expr:
        wide: pl.Expr = getattr(left.cast(pl.Int128), name)(right.cast(pl.Int128))
        return wide.cast(pl.Int64, strict=False)

    return computed


def _within(value: pl.Expr) -> pl.Expr:
    return pl.when(value.is_finite()).then(value)


def _joined(separator: str) -> Callable[..., pl.Expr]:
    return lambda *parts: pl.concat_str(*parts, separator=separator)


def _padded(value: pl.Expr, length: int, fill: str) -> tuple[pl.Expr, pl.Expr]:
    """What fills the value up to its length, and the value, cut where it is longer."""
    missing = pl.max_horizontal(pl.lit(length) - value.str.len_chars().cast(pl.Int64), pl.lit(0))
    return pl.lit(fill * length).str.slice(0, missing), value.str.slice(0, length)


def _hashed(values: pl.Series) -> pl.Series:
    digests = [None if value is None else hashlib.sha256(value.encode()).hexdigest() for value in values]
    return pl.Series(values.name, digests, pl.String)


def _members(path: str) -> Callable[[pl.Series], pl.Series]:
    return lambda values: pl.Series(values.name, [json_text.member(value, path) for value in values], pl.String)


def _each(value: pl.Expr, change: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    return value.map_batches(change, return_dtype=pl.String, is_elementwise=True)


def _java_replacement(texts: Sequence[str], nodes: Sequence[Node]) -> str:
    parts = _parts(nodes)
    made = "".join(f"${p}" if isinstance(p, int) else p.replace("\\", "\\\\").replace("$", "\\$") for p in parts)
    return f"regexp_replace({texts[0]}, {texts[1]}, {spark_text(made)})"


def _re2_replacement(texts: Sequence[str], nodes: Sequence[Node]) -> str:
    made = "".join(f"\\{part}" if isinstance(part, int) else part.replace("\\", "\\\\") for part in _parts(nodes))
    return f"regexp_replace({texts[0]}, {texts[1]}, {duckdb_text(made)}, 'g')"


def _replaced(value: pl.Expr, pattern: str, into: str) -> pl.Expr:
    parts = replacement(into, groups(pattern))
    made = "".join(f"${{{part}}}" if isinstance(part, int) else part.replace("$", "$$") for part in parts)
    return value.str.replace_all(pattern, made)


def _parts(nodes: Sequence[Node]) -> list[str | int]:
    pattern, into = (str(node.value) for node in nodes[1:] if isinstance(node, Constant))
    return replacement(into, groups(pattern))


def _method(name: str) -> Callable[..., pl.Expr]:
    return lambda value, *others: getattr(value, name)(*others)


def _part_of_time(name: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda value: getattr(value.dt, name)().cast(pl.Int64)


_OPERATORS = [
    Function("and", ("boolean", "boolean"), "boolean", spark="({0} and {1})", polars=_method("__and__")),
    Function("or", ("boolean", "boolean"), "boolean", spark="({0} or {1})", polars=_method("__or__")),
    Function("not", ("boolean",), "boolean", spark="(not {0})", polars=lambda value: ~value),
    Function("is null", ("any",), "boolean", spark="({0} is null)", polars=lambda value: value.is_null()),
    *(
        Function(sign, ("any", "any"), "boolean", spark=f"({{0}} {sign} {{1}})", polars=_method(name))
        for sign, name in (("=", "eq"), ("<>", "ne"), ("<", "lt"), ("<=", "le"), (">", "gt"), (">=", "ge"))
    ),
    Function(
        "in", ("any", "constants"), "boolean", variadic=True,
        spark=lambda texts, _: f"({texts[0]} in ({', '.join(texts[1:])}))",
        duckdb=lambda texts, _: f"({texts[0]} in ({', '.join(texts[1:])}))",
        polars=lambda value, *allowed: value.is_in(list(allowed)),
    ),
    Function(
        "like", ("string", "like"), "boolean", spark="({0} like {1})", duckdb="({0} like {1} escape '\\')",
        polars=lambda value, pattern: value.str.contains(like(pattern)),
    ),
    *(
        Function(sign, ("number", "number"), "double", spark=f"({{0}} {sign} {{1}})", polars=_method(name))
        for sign, name in (("+", "add"), ("-", "sub"), ("*", "mul"))
    ),
    *(
        Function(
            f"{sign} of bigints", ("number", "number"), "bigint", spark=f"{spelled}({{0}}, {{1}})",
            duckdb=f"try({{0}} {sign} {{1}})", polars=_int128(name),
        )
        for sign, spelled, name in (("+", "try_add", "add"), ("-", "try_subtract", "sub"), ("*", "try_multiply", "mul"))
    ),
    Function(
        "/", ("number", "number"), "double", spark="({0} / nullif({1}, 0))",
        polars=lambda left, right: left / pl.when(right != 0).then(right),
    ),
    Function(
        "double of string", ("string",), "double",
        spark=f"nullif(nullif(try_cast(nullif(regexp_extract({{0}}, {spark_text(_NUMBER)}, 1), '') as double), "
        "double('Infinity')), double('-Infinity'))",
        duckdb=f"nullif(nullif(try_cast(nullif(regexp_extract({{0}}, '{_NUMBER}', 1), '') as double), "
        "'inf'::double), '-inf'::double)",
        polars=lambda value: _within(value.str.extract(_NUMBER, 1).cast(pl.Float64, strict=False)),
    ),
    Function(
        "bigint of string", ("string",), "bigint",
        spark=f"try_cast(nullif(regexp_extract({{0}}, {spark_text(_WHOLE)}, 1), '') as bigint)",
        duckdb=f"try_cast(nullif(regexp_extract({{0}}, '{_WHOLE}', 1), '') as bigint)",
        polars=lambda value: value.str.extract(_WHOLE, 1).cast(pl.Int64, strict=False),
    ),
    Function(
        "double of bigint", ("any",), "double", spark="cast({0} as double)",
        polars=lambda value: value.cast(pl.Float64),
    ),
    Function(
        "bigint of double", ("any",), "bigint", spark="try_cast({0} as bigint)",
        duckdb="try_cast(trunc({0}) as bigint)", polars=lambda value: value.cast(pl.Int64, strict=False),
    ),
    Function(
        "string of bigint", ("any",), "string", spark="cast({0} as string)", duckdb="cast({0} as varchar)",
        polars=lambda value: value.cast(pl.String),
    ),
    Function(
        "string of boolean", ("any",), "string", spark="cast({0} as string)", duckdb="cast({0} as varchar)",
        polars=lambda value: value.cast(pl.String),
    ),
]  # fmt: skip

_PUBLIC = [
    Function(
        "abs", ("number",), "of its arguments", spark="abs({0})", polars=lambda value: value.abs(),
        usage="abs(number)", meaning="the number without its sign",
    ),
    Function(
        "coalesce", ("any",), "of its arguments", spark="coalesce({all})", polars=pl.coalesce, variadic=True,
        usage="coalesce(value, …)", meaning="the first value that is not null",
    ),
    Function(
        "concat", ("string",), "string", variadic=True, spark="concat({all})",
        duckdb=lambda texts, _: "(" + " || ".join(texts) + ")", polars=_joined(""),
        usage="concat(text, …) or text || text", meaning="the texts one after another; null if one is null",
    ),
    Function(
        "concat_ws", ("words", "string"), "string", variadic=True, spark="concat_ws({all})",
        polars=lambda separator, *parts: pl.concat_str(*parts, separator=separator, ignore_nulls=True),
        usage="concat_ws('separator', text, …)", meaning="the texts that are not null, the separator between them",
    ),
    Function(
        "contains", ("string", "text"), "boolean", spark="contains({0}, {1})",
        polars=lambda value, part: value.str.contains(part, literal=True),
        usage="contains(text, 'part')", meaning="whether the part stands in the text",
    ),
    *(
        Function(
            name, ("timestamp",), "bigint", spark=f"cast({name}({{0}}) as bigint)", duckdb=f"{name}({{0}})",
            polars=_part_of_time(name),
            usage=f"{name}(time)", meaning=f"the {name} of the time, in UTC",
        )
        for name in ("day", "hour", "minute", "month", "year")
    ),
    Function(
        "endswith", ("string", "text"), "boolean", spark="endswith({0}, {1})", duckdb="ends_with({0}, {1})",
        polars=lambda value, part: value.str.ends_with(part),
        usage="endswith(text, 'part')", meaning="whether the text ends with the part",
    ),
    Function(
        "get_json_object", ("string", "path"), "string", spark="get_json_object({0}, {1})",
        duckdb=f"{JSON_MEMBER}({{0}}, {{1}})", polars=lambda value, path: _each(value, _members(path)),
        usage="get_json_object(text, '$.name[0].name')",
        meaning="what stands at the path in a text of JSON, such as a field that is an object",
    ),
    Function(
        "greatest", ("any", "any"), "of its arguments", spark="greatest({all})", polars=pl.max_horizontal,
        variadic=True, usage="greatest(number, number, …)", meaning="the greatest of the numbers that are not null",
    ),
    Function(
        "if", ("boolean", "any", "any"), "of its arguments", spark="if({all})",
        duckdb="case when {0} then {1} else {2} end",
        polars=lambda holds, value, otherwise: pl.when(holds).then(value).otherwise(otherwise),
        usage="if(condition, value, otherwise)", meaning="the one value or the other; `case when … then … end` too",
    ),
    Function(
        "least", ("any", "any"), "of its arguments", spark="least({all})", polars=pl.min_horizontal,
        variadic=True, usage="least(number, number, …)", meaning="the least of the numbers that are not null",
    ),
    Function(
        "left", ("string", "count"), "string", spark="left({0}, {1})",
        polars=lambda value, count: value.str.slice(0, count),
        usage="left(text, 3)", meaning="the first characters",
    ),
    Function(
        "length", ("string",), "bigint", spark="cast(length({0}) as bigint)", duckdb="length({0})",
        polars=lambda value: value.str.len_chars().cast(pl.Int64),
        usage="length(text)", meaning="the number of characters",
    ),
    Function(
        "lower", ("string",), "string", spark="lower({0})", polars=lambda value: value.str.to_lowercase(),
        usage="lower(text)", meaning="in small letters",
    ),
    Function(
        "lpad", ("string", "count", "text"), "string", spark="lpad({0}, {1}, {2})",
        polars=lambda value, length, fill: pl.concat_str(*_padded(value, length, fill)),
        usage="lpad(text, 2, '0')", meaning="the text filled up on the left to a length, or cut to it",
    ),
    Function(
        "ltrim", ("string",), "string", spark="ltrim({0})", duckdb="ltrim({0}, ' ')",
        polars=lambda value: value.str.strip_chars_start(" "),
        usage="ltrim(text)", meaning="without blanks on the left",
    ),
    Function(
        "nullif", ("any", "any"), "of its arguments", spark="nullif({0}, {1})",
        polars=lambda value, other: pl.when((value != other).fill_null(True)).then(value),
        usage="nullif(value, other)", meaning="null where the value is the other, else the value",
    ),
    Function(
        "regexp_extract", ("string", "pattern", "count"), "string", spark="regexp_extract({0}, {1}, {2})",
        polars=lambda value, pattern, group: pl.when(value.is_not_null()).then(
            value.str.extract(pattern, group).fill_null("")
        ),
        usage="regexp_extract(text, 'pattern', group)",
        meaning="the group (0: all) of the pattern's first match; an empty text where there is none",
    ),
    Function(
        "regexp_replace", ("string", "pattern", "replacement"), "string", spark=_java_replacement,
        duckdb=_re2_replacement, polars=_replaced,
        usage="regexp_replace(text, 'pattern', 'replacement')",
        meaning="every match of the pattern replaced; $1 is its first group",
    ),
    Function(
        "replace", ("string", "text", "words"), "string", spark="replace({0}, {1}, {2})",
        polars=lambda value, part, into: value.str.replace_all(part, into, literal=True),
        usage="replace(text, 'part', 'other')", meaning="every part replaced",
    ),
    Function(
        "right", ("string", "count"), "string", spark="right({0}, {1})",
        polars=lambda value, count: value.str.tail(count),
        usage="right(text, 3)", meaning="the last characters",
    ),
    Function(
        "rlike", ("string", "pattern"), "boolean", spark="({0} rlike {1})", duckdb="regexp_matches({0}, {1})",
        polars=lambda value, pattern: value.str.contains(pattern),
        usage="text rlike 'pattern'", meaning="whether the pattern matches somewhere; `text like 'a%'` too",
    ),
    Function(
        "rpad", ("string", "count", "text"), "string", spark="rpad({0}, {1}, {2})",
        polars=lambda value, length, fill: pl.concat_str(*reversed(_padded(value, length, fill))),
        usage="rpad(text, 2, '0')", meaning="the text filled up on the right to a length, or cut to it",
    ),
    Function(
        "rtrim", ("string",), "string", spark="rtrim({0})", duckdb="rtrim({0}, ' ')",
        polars=lambda value: value.str.strip_chars_end(" "),
        usage="rtrim(text)", meaning="without blanks on the right",
    ),
    Function(
        "sha2", ("string", "bits"), "string", spark="sha2({0}, {1})", duckdb="sha256({0})",
        polars=lambda value, _: _each(value, _hashed),
        usage="sha2(text, 256)", meaning="the text's SHA-256 in hexadecimal: what stands for a card number",
    ),
    Function(
        "split_part", ("string", "text", "position"), "string", spark="split_part({0}, {1}, {2})",
        polars=lambda value, separator, part: pl.when(value.is_not_null()).then(
            value.str.split(separator).list.get(part - 1, null_on_oob=True).fill_null("")
        ),
        usage="split_part(text, 'separator', 1)", meaning="one of the parts, from 1; an empty text beyond the last",
    ),
    Function(
        "startswith", ("string", "text"), "boolean", spark="startswith({0}, {1})", duckdb="starts_with({0}, {1})",
        polars=lambda value, part: value.str.starts_with(part),
        usage="startswith(text, 'part')", meaning="whether the text begins with the part",
    ),
    Function(
        "substr", ("string", "position", "count"), "string", spark="substr({0}, {1}, {2})",
        polars=lambda value, start, count: value.str.slice(start - 1, count),
        usage="substr(text, from, count)", meaning="so many characters, the first of them is the one at `from`, from 1",
    ),
    Function(
        "trim", ("string",), "string", spark="trim({0})", duckdb="trim({0}, ' ')",
        polars=lambda value: value.str.strip_chars(" "),
        usage="trim(text)", meaning="without blanks on both sides",
    ),
    Function(
        "upper", ("string",), "string", spark="upper({0})", polars=lambda value: value.str.to_uppercase(),
        usage="upper(text)", meaning="in capital letters",
    ),
]  # fmt: skip

FUNCTIONS = {function.name: function for function in (*_OPERATORS, *sorted(_PUBLIC, key=lambda each: each.name))}
ALIASES = {
    "substring": "substr", "ifnull": "coalesce", "nvl": "coalesce", "char_length": "length", "len": "length",
    "ucase": "upper", "lcase": "lower", "starts_with": "startswith", "ends_with": "endswith", "iff": "if",
    "regexp": "rlike", "regexp_like": "rlike", "regexp_matches": "rlike", "sha256": "sha2",
}  # fmt: skip
"""Other names of functions, by which other engines know them."""
_TIMES = "times are read as `time` of the stream says; give the field, or a text made of fields"
INSTEAD = {
    **dict.fromkeys(("to_timestamp", "try_to_timestamp", "to_date", "try_to_date", "timestamp", "date"), _TIMES),
    **dict.fromkeys(("to_timestamp_ntz", "to_timestamp_ltz", "unix_timestamp", "from_unixtime", "strptime"), _TIMES),
    **dict.fromkeys(("to_number", "try_to_number", "float", "double", "decimal"), "write cast(… as double)"),
    **dict.fromkeys(("int", "bigint", "integer"), "write cast(… as bigint)"),
    "boolean": "write cast(… as boolean)", "string": "write cast(… as string)", "isnull": "write … is null",
    "isnotnull": "write … is not null", "md5": "write sha2(…, 256)", "sha1": "write sha2(…, 256)",
    "sha": "write sha2(…, 256)", "element_at": "write split_part(text, 'separator', number)",
    "split": "write split_part(text, 'separator', number)", "try_divide": "write … / …: null where the divisor is 0",
}  # fmt: skip
"""Functions that old files may call, and what to write instead."""
