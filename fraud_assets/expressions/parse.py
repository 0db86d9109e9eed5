"""A SQL expression read into a checked tree: only known columns, functions and types that fit.

sqlglot reads the SQL; what is not named here is refused with its position and what is allowed instead.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import zip_longest
from typing import Any, NoReturn

from sqlglot import Dialect, ErrorLevel, exp, parser, tokens
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from fraud_assets.errors import FraudError
from fraud_assets.expressions import pattern
from fraud_assets.expressions.functions import ALIASES, FUNCTIONS, INSTEAD, Function, Parameter
from fraud_assets.expressions.tree import Call, Column, Constant, Node, Type

TYPES: dict[str, Type] = {
    "TEXT": "string", "VARCHAR": "string", "INT": "bigint", "BIGINT": "bigint", "DOUBLE": "double", "FLOAT": "double",
    "BOOLEAN": "boolean",
}  # fmt: skip
"""The types that a cast may name, as sqlglot calls them."""
_NAMES = "string, bigint, double, boolean"
_NUMBERS = ("bigint", "double")
_SHOWN = 40
"""Names of fields that an error lists."""
_LARGEST = 2**63 - 1
_EXACT = 9_223_372_036_854_774_784.0
"""The largest double that is a bigint."""
_ESCAPE = re.compile(r"''|\\.", re.DOTALL)
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\\\": "\\", "\\'": "'", "''": "'"}
_NULL = Constant(None, "null")


class ExpressionError(FraudError):
    """An expression is wrong; the message names the position (in characters, from 1) and what is allowed."""


class _Dialect(Dialect):
    """Texts in '…', names in `…`; every function is looked up in our own table."""

    class Tokenizer(tokens.Tokenizer):
        QUOTES = ["'"]  # noqa: RUF012
        IDENTIFIERS = ["`", '"']  # noqa: RUF012
        STRING_ESCAPES = ["'", "\\"]  # noqa: RUF012

    class Parser(parser.Parser):
        FUNCTIONS = {}  # noqa: RUF012
        NO_PAREN_FUNCTIONS = {}  # noqa: RUF012
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: parse for name, parse in parser.Parser.FUNCTION_PARSERS.items() if name in ("CAST", "TRY_CAST")
        }
        NO_PAREN_FUNCTION_PARSERS = {"CASE": lambda self: self._parse_case()}  # noqa: RUF012


@lru_cache(maxsize=4096)
def _expression(sql: str, columns: tuple[tuple[str, Type], ...]) -> Node:
    return _Reader(sql, dict(columns)).read()


def expression(sql: str, columns: Mapping[str, Type]) -> Node:
    """The checked tree of a SQL expression over the columns.

    Raises:
        ExpressionError: it is none, or names a column or function that does not exist, or types do not fit.
    """
    return _expression(sql, tuple(columns.items()))


def condition(sql: str, columns: Mapping[str, Type]) -> Node:
    """The checked tree of a SQL condition over the columns.

    Raises:
        ExpressionError: as for `expression`, or it gives something else than true or false.
    """
    found = expression(sql, columns)
    if found.type not in ("boolean", "null"):
        raise ExpressionError(f"not a condition: it gives a {found.type}; compare it with something")
    return found


class _Reader:
    """One expression being read: its text, for positions, and the columns it may name."""

    def __init__(self, sql: str, columns: Mapping[str, Type]) -> None:
        self.sql = sql
        self.columns = columns

    def read(self) -> Node:
        try:
            found = _Dialect().parser(error_level=ErrorLevel.IMMEDIATE).parse(self._tokens(), self.sql)
        except ParseError as error:
            first = error.errors[0] if error.errors else {}
            at = self._offset(first.get("line"), first.get("col"), first.get("highlight"))
            said = (
                "incomplete or not SQL" if at >= len(self.sql.rstrip()) else f"not SQL near '{self.sql[at - 1 :][:20]}'"
            )
            raise ExpressionError(f"{said} at character {at}") from None
        except TokenError:
            raise ExpressionError("a text '…' or a name `…` is not closed") from None
        if len(found) != 1 or found[0] is None or isinstance(found[0], exp.Block):
            raise ExpressionError("one expression belongs here")
        return self._node(found[0])

    def _tokens(self) -> list[Token]:
        """The expression's words; a field's name is one, whatever it means elsewhere in SQL."""
        found = _Dialect().tokenize(self.sql)
        for token, after in zip_longest(found, found[1:]):
            named = token.text in self.columns and token.text.lower() not in _KEYWORDS
            called = after is not None and after.token_type in (TokenType.L_PAREN, TokenType.STRING)
            if named and not called and token.token_type != TokenType.STRING:
                token.token_type = TokenType.VAR
        return found

    def _offset(self, line: int | None, column: int | None, word: str | None) -> int:
        """Position of the token that ends at line and column."""
        if line is None or column is None:
            return 1
        start = sum(len(each) + 1 for each in self.sql.split("\n")[: line - 1])
        return start + column - len(word or " ") + 1

    def _node(self, node: exp.Expr) -> Node:
        if isinstance(node, exp.Paren):
            return self._node(node.this)
        if isinstance(node, exp.Column):
            return self._column(node)
        if isinstance(node, exp.Literal):
            return self._literal(node)
        if isinstance(node, exp.Boolean):
            return Constant(bool(node.this), "boolean")
        if isinstance(node, exp.Null):
            return _NULL
        if isinstance(node, exp.Cast | exp.TryCast):
            return self._cast(node)
        if isinstance(node, exp.Anonymous):
            return self._function(node)
        read: Callable[[Any], Node] | None = {  # type: ignore[misc]
            exp.And: self._logic, exp.Or: self._logic, exp.Not: self._not, exp.Is: self._is, exp.In: self._in,
            exp.Between: self._between, exp.Case: self._case, exp.Neg: self._negative, exp.DPipe: self._joined,
            exp.Like: self._like, exp.RegexpLike: self._matches, exp.Div: self._divided,
            **dict.fromkeys((exp.Add, exp.Sub, exp.Mul), self._arithmetic),
            **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), self._compared),
        }.get(type(node))  # fmt: skip
        if read is None:
            what = type(node).__name__
            self._refuse(node, f"{what} is not part of the language; see docs/expressions.md for what is")
        made = read(node)
        if rest := [name for name, value in node.args.items() if value and name not in _READ]:
            self._refuse(node, f"{' '.join(rest)} is not part of the language; see docs/expressions.md for what is")
        return Call("not", (made,), "boolean") if node.args.get("negate") else made

    def _refuse(self, node: exp.Expr, problem: str) -> NoReturn:
        raise ExpressionError(f"{problem} (at character {self._position(node)})")

    def _position(self, node: exp.Expr) -> int:
        if "start" in node.meta:
            return int(node.meta["start"]) + 1
        starts = [int(part.meta["start"]) + 1 for part in node.walk() if "start" in part.meta]
        return min(starts, default=1)

    # names and constants

    def _column(self, node: exp.Column) -> Node:
        name, identifier = node.name, node.this
        if node.table:
            whole = ".".join(part.name for part in node.parts)
            self._refuse(node, f"no field of a field: '{whole}'; use get_json_object(field, '$.name')")
        if self.sql[identifier.meta.get("start", 0) :][:1] == '"':
            self._refuse(node, f"\"{name}\": write '{name}' for a text, `{name}` for a field")
        if name not in self.columns:
            self._refuse(node, f"no field '{name}'{_nearest(name, self.columns)}; there are: {_some(self.columns)}")
        return Column(name, self.columns[name])

    def _literal(self, node: exp.Literal) -> Constant:
        if node.is_string:
            raw = self.sql[node.meta["start"] + 1 : node.meta["end"]]
            return Constant(_ESCAPE.sub(lambda found: _ESCAPES.get(found[0], found[0]), raw), "string")
        if re.fullmatch(r"\d+", node.this):
            if int(node.this) > _LARGEST:
                self._refuse(node, f"{node.this} is beyond a bigint")
            return Constant(int(node.this), "bigint")
        value = float(node.this)
        if value == float("inf"):
            self._refuse(node, f"{node.this} is beyond a double")
        return Constant(value, "double")

    def _cast(self, node: exp.Cast) -> Node:
        kind = node.to.this.value
        if isinstance(node.this, exp.Literal) and node.this.is_string and kind.startswith("TIMESTAMP"):
            return self._timestamp(node.this)
        if kind not in TYPES or node.to.expressions:
            named = node.to.sql().lower()
            hint = "; times are read as `time` of the stream says" if "TIME" in kind or "DATE" in kind else ""
            self._refuse(node, f"no cast to {named}; allowed: {_NAMES}{hint}")
        return self._to(self._node(node.this), TYPES[kind], node)

    def _timestamp(self, literal: exp.Literal) -> Constant:
        try:
            value = datetime.fromisoformat(str(self._literal(literal).value))
        except ValueError:
            self._refuse(literal, "not a time; write timestamp '2026-01-31 23:59:59' (UTC)")
        return Constant(value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC), "timestamp")

    # types

    def _to(self, value: Node, type_: Type, node: exp.Expr) -> Node:
        """A cast: null where the value is none of the type."""
        if value.type == type_:
            return value
        if value.type == "null":
            return Constant(None, type_)
        if type_ == "double" and isinstance(value, Constant) and value.type == "bigint":
            return Constant(float(value.value), "double")  # type: ignore[arg-type]
        if (name := f"{type_} of {value.type}") in FUNCTIONS and name != "bigint of double":
            return Call(name, (value,), type_)
        if (value.type, type_) == ("string", "boolean"):
            low = Call("lower", (Call("trim", (value,), "string"),), "string")
            yes, no = (Call("in", (low, *(Constant(w, "string") for w in words)), "boolean") for words in _BOOLEANS)
            otherwise = _if(no, Constant(False, "boolean"), Constant(None, "boolean"))
            return _if(yes, Constant(True, "boolean"), otherwise)
        if (value.type, type_) != ("double", "bigint"):
            self._refuse(node, f"a {value.type} cannot be cast to {type_}{_HINTS.get((value.type, type_), '')}")
        near = Call("<", (Call("abs", (value,), "double"), Constant(_EXACT, "double")), "boolean")
        return _if(near, Call("bigint of double", (value,), "bigint"), Constant(None, "bigint"))

    def _alike(self, values: list[Node], node: exp.Expr, what: str) -> list[Node]:
        """The values in one type: integers become doubles beside doubles, null takes the others' type."""
        types = {value.type for value in values} - {"null"}
        if types == {"bigint", "double"}:
            types = {"double"}
        if len(types) > 1:
            text = next((v for v in values if v.type == "string"), None)
            other = next(v.type for v in values if v.type not in ("string", "null"))
            name = text.name if isinstance(text, Column) else "…"
            hint = f"; write cast({name} as {other})" if text is not None and other != "timestamp" else ""
            self._refuse(node, f"{what} a {' with a '.join(sorted(types))}{hint}")
        if not types:
            return values
        return [self._to(value, next(iter(types)), node) for value in values]

    def _number(self, value: Node, node: exp.Expr) -> Node:
        if value.type == "null":
            return Constant(None, "double")
        if value.type not in _NUMBERS:
            name = value.name if isinstance(value, Column) else "…"
            hint = f"; write cast({name} as double)" if value.type == "string" else ""
            self._refuse(node, f"a number belongs here, not a {value.type}{hint}")
        return value

    def _text(self, value: Node, node: exp.Expr) -> Node:
        if value.type == "double":
            self._refuse(
                node, "a text belongs here, not a double, of which each engine writes another; cast it to bigint"
            )
        if value.type == "timestamp":
            self._refuse(node, "a text belongs here, not a timestamp")
        return self._to(value, "string", node)

    def _truth(self, node: exp.Expr) -> Node:
        found = self._node(node)
        if found.type not in ("boolean", "null"):
            self._refuse(node, f"a condition belongs here, not a {found.type}")
        return self._to(found, "boolean", node)

    # operators

    def _logic(self, node: exp.Expr) -> Node:
        name = "and" if isinstance(node, exp.And) else "or"
        return Call(name, (self._truth(node.this), self._truth(node.expression)), "boolean")

    def _not(self, node: exp.Expr) -> Node:
        return Call("not", (self._truth(node.this),), "boolean")

    def _is(self, node: exp.Expr) -> Node:
        value = self._node(node.this)
        if isinstance(node.expression, exp.Null):
            return Call("is null", (value,), "boolean")
        if not isinstance(node.expression, exp.Boolean):
            self._refuse(node, "only null, true or false stands behind `is`")
        wanted = Constant(bool(node.expression.this), "boolean")
        same = Call("=", (self._truth(node.this), wanted), "boolean")
        return Call("coalesce", (same, Constant(False, "boolean")), "boolean")

    def _compared(self, node: exp.Expr) -> Node:
        signs: dict[type[exp.Expr], str] = {
            exp.EQ: "=",
            exp.NEQ: "<>",
            exp.LT: "<",
            exp.LTE: "<=",
            exp.GT: ">",
            exp.GTE: ">=",
        }
        return self._comparison(signs[type(node)], self._node(node.this), self._node(node.expression), node)

    def _comparison(self, sign: str, left: Node, right: Node, node: exp.Expr) -> Node:
        left, right = self._alike([left, right], node, "cannot compare")
        return Call(sign, (left, right), "boolean")

    def _between(self, node: exp.Expr) -> Node:
        value, low, high = (self._node(node.args[name]) for name in ("this", "low", "high"))
        parts = self._comparison(">=", value, low, node), self._comparison("<=", value, high, node)
        return Call("and", parts, "boolean")

    def _in(self, node: exp.Expr) -> Node:
        if not node.expressions:
            self._refuse(node, "a list of constants belongs behind `in`")
        values = [self._node(node.this), *(self._node(each) for each in node.expressions)]
        value, *allowed = self._alike(values, node, "cannot compare")
        if not all(isinstance(each, Constant) and each.value is not None for each in allowed):
            self._refuse(node, "a list of constants belongs behind `in`")
        return Call("in", (value, *allowed), "boolean")

    def _case(self, node: exp.Expr) -> Node:
        of = node.args.get("this")
        made: Node = self._node(node.args["default"]) if node.args.get("default") else _NULL
        branches = []
        for branch in node.args["ifs"]:
            if of is None:
                holds = self._truth(branch.this)
            else:
                holds = self._comparison("=", self._node(of), self._node(branch.this), branch)
            branches.append((holds, self._node(branch.args["true"])))
        *values, made = self._alike([*(value for _, value in branches), made], node, "one result of `case` is")
        for (holds, _), value in zip(reversed(branches), reversed(values), strict=True):
            made = _if(holds, value, made)
        return made

    def _negative(self, node: exp.Expr) -> Node:
        value = self._number(self._node(node.this), node)
        if isinstance(value, Constant) and value.value is not None:
            return Constant(-value.value, value.type)  # type: ignore[operator]
        if value.type == "double":
            return Call("*", (Constant(-1.0, "double"), value), "double")
        return Call("- of bigints", (Constant(0, "bigint"), value), "bigint")

    def _arithmetic(self, node: exp.Expr) -> Node:
        signs: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
        sign = signs[type(node)]
        values = [self._number(self._node(part), part) for part in (node.this, node.expression)]
        left, right = self._alike(values, node, "cannot compute with")
        return Call(sign if left.type == "double" else f"{sign} of bigints", (left, right), left.type)

    def _divided(self, node: exp.Expr) -> Node:
        values = [self._number(self._node(part), part) for part in (node.this, node.expression)]
        return Call("/", tuple(self._to(value, "double", node) for value in values), "double")

    def _joined(self, node: exp.Expr) -> Node:
        texts = (self._text(self._node(part), part) for part in (node.this, node.expression))
        return Call("concat", tuple(texts), "string")

    def _like(self, node: exp.Expr) -> Node:
        text = self._text(self._node(node.this), node)
        return Call("like", (text, self._constant(self._node(node.expression), "like", node)), "boolean")

    def _matches(self, node: exp.Expr) -> Node:
        text = self._text(self._node(node.this), node)
        return Call("rlike", (text, self._constant(self._node(node.expression), "pattern", node)), "boolean")

    # functions

    def _function(self, node: exp.Anonymous) -> Node:
        name = str(node.this).lower()
        name = ALIASES.get(name, name)
        if name in INSTEAD:
            self._refuse(node, f"no function '{name}'; {INSTEAD[name]}")
        function = FUNCTIONS.get(name)
        if function is None or not function.public:
            public = [each.name for each in FUNCTIONS.values() if each.public]
            near = _nearest(name, [*public, *ALIASES])
            self._refuse(node, f"no function '{name}'{near}; there are: {', '.join(public)}")
        if not function.takes(len(node.expressions)):
            found = f"found {len(node.expressions)} argument{'s' if len(node.expressions) != 1 else ''}"
            self._refuse(node, f"write {function.usage}; {found}")
        values = [self._node(each) for each in node.expressions]
        kinds = function.kinds(len(values))
        if "any" in kinds:
            places = [place for place, kind in enumerate(kinds) if kind == "any"]
            alike = self._alike([values[place] for place in places], node, f"{name} cannot mix")
            for place, value in zip(places, alike, strict=True):
                values[place] = value
        arguments = [
            self._argument(value, kind, part) for value, kind, part in zip(values, kinds, node.expressions, strict=True)
        ]
        return self._call(function, kinds, arguments, node)

    def _call(self, function: Function, kinds: list[Parameter], arguments: list[Node], node: exp.Expr) -> Node:
        if function.name == "nullif":
            return Call("nullif", tuple(arguments), arguments[0].type)
        if function.name == "abs" and arguments[0].type == "bigint":
            value, zero = arguments[0], Constant(0, "bigint")
            negative = Call("<", (value, zero), "boolean")
            return _if(negative, Call("- of bigints", (zero, value), "bigint"), value)
        if function.name == "regexp_replace":
            self._check_replacement(arguments, node)
        if function.name == "regexp_extract":
            self._check_group(arguments, node)
        if function.name in ("greatest", "least"):
            for value in arguments:
                self._number(value, node)
        if function.result == "of its arguments":
            return Call(
                function.name, tuple(arguments), arguments[kinds.index("any" if "any" in kinds else "number")].type
            )
        return Call(function.name, tuple(arguments), function.result)

    def _argument(self, value: Node, kind: Parameter, node: exp.Expr) -> Node:
        if kind == "string":
            return self._text(value, node)
        if kind == "number":
            return self._number(value, node)
        if kind == "any":
            return value
        if kind in ("boolean", "timestamp"):
            if value.type not in (kind, "null"):
                self._refuse(node, f"a {kind} belongs here, not a {value.type}")
            return self._to(value, kind, node)
        return self._constant(value, kind, node)

    def _constant(self, value: Node, kind: Parameter, node: exp.Expr) -> Constant:
        """An argument that has to be written out, in the form that the engines take."""
        wanted: Type = "bigint" if kind in ("count", "position", "bits") else "string"
        if not isinstance(value, Constant) or value.type != wanted:
            self._refuse(node, f"a constant {'number' if wanted == 'bigint' else 'text'} belongs here")
        if wanted == "bigint":
            number = int(value.value)  # type: ignore[arg-type]
            if kind == "bits" and number != 256:
                self._refuse(node, "the only length of sha2 is 256")
            if not (kind != "position" or number >= 1) or number > 10_000 or number < 0:
                self._refuse(node, f"from {1 if kind == 'position' else 0} to 10,000; found {number}")
            return value
        text = str(value.value)
        try:
            if kind == "pattern":
                return Constant(pattern.portable(text), "string")
            if kind == "like":
                pattern.like(text)
        except ValueError as error:
            self._refuse(node, str(error))
        if kind == "text" and not text:
            self._refuse(node, "a text that is not empty belongs here")
        if kind == "path" and not re.fullmatch(r"\$(\.[A-Za-z_][\w-]*|\[\d+\]|\['[^'\\]+'\])*", text):
            self._refuse(node, "a path such as $.name or $.list[0].name belongs here")
        return value

    def _check_replacement(self, arguments: list[Node], node: exp.Expr) -> None:
        made, into = (str(each.value) for each in arguments[1:] if isinstance(each, Constant))
        if pattern.matches_nothing(made):
            self._refuse(node, "the pattern matches the empty text, which has no one place; make it match a character")
        try:
            pattern.replacement(into, pattern.groups(made))
        except ValueError as error:
            self._refuse(node, str(error))

    def _check_group(self, arguments: list[Node], node: exp.Expr) -> None:
        made, group = (each.value for each in arguments[1:] if isinstance(each, Constant))
        if int(group) > (there := pattern.groups(str(made))):  # type: ignore[arg-type]
            self._refuse(node, f"the pattern has {there} groups, not {group}")


_KEYWORDS = {
    "and", "or", "not", "in", "is", "null", "true", "false", "case", "when", "then", "else", "end", "between", "like",
    "rlike", "regexp", "cast", "try_cast", "as",
}  # fmt: skip
"""The words of the language, which no field can be without `…`."""
_READ = {"this", "expression", "expressions", "low", "high", "ifs", "default", "negate", "safe", "typed"}
"""The parts of sqlglot's operators that the reader looks at, or that say nothing about values."""
_BOOLEANS = (("t", "true", "y", "yes", "1"), ("f", "false", "n", "no", "0"))
_HINTS: dict[tuple[Type, Type], str] = {
    ("double", "string"): ", of which each engine writes another text; cast it to bigint first",
    ("bigint", "boolean"): "; compare it: … = 1",
    ("double", "boolean"): "; compare it: … = 1",
    ("boolean", "bigint"): "; write if(…, 1, 0)",
    ("boolean", "double"): "; write if(…, 1, 0)",
}


def _if(holds: Node, value: Node, otherwise: Node) -> Call:
    return Call("if", (holds, value, otherwise), otherwise.type)


def _some(names: Iterable[str]) -> str:
    known = list(names)
    return ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")


def _nearest(name: str, known: Iterable[str]) -> str:
    by_small = {each.lower(): each for each in reversed(list(known))}
    near = difflib.get_close_matches(name.lower(), by_small, n=1)
    return f"; did you mean '{by_small[near[0]]}'?" if near else ""
