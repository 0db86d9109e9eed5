"""What is not in the language is refused with its position, the nearest name and what to write instead."""

import pytest

from fraud_assets.expressions import Column, ExpressionError, columns, condition, expression, renamed
from fraud_assets_tests.expressions.cases import CASES, COLUMNS

WRONG = [
    ("totl", "no field 'totl'; there are: t, u, i, j, d, e, b, c, at (at character 1)"),
    ("1 + dd", "no field 'dd'; did you mean 'd'?; there are: t, u, i, j, d, e, b, c, at (at character 5)"),
    ("uper(t)", "no function 'uper'; did you mean 'upper'?; there are: abs, coalesce"),
    ("  to_date(t)", "no function 'to_date'; times are read as `time` of the stream says"),
    ("int(t)", "no function 'int'; write cast(… as bigint) (at character 1)"),
    ("md5(t)", "write sha2(…, 256)"),
    ("sha2(t, 512)", "the only length of sha2 is 256 (at character 9)"),
    ("sha2(t)", "write sha2(text, 256); found 1 argument (at character 1)"),
    ("upper(d)", "a text belongs here, not a double"),
    ("t + 1", "a number belongs here, not a string; write cast(t as double) (at character 1)"),
    ("t > 5", "cannot compare a bigint with a string; write cast(t as bigint) (at character 1)"),
    ("5 > t", "cannot compare a bigint with a string; write cast(t as bigint)"),
    ("if(b, t, 1)", "if cannot mix a bigint with a string; write cast(t as bigint)"),
    ("case when b then t else 1.5 end", "one result of `case` is a double with a string"),
    ("if(t, 1, 2)", "a boolean belongs here, not a string (at character 4)"),
    ("b and t", "a condition belongs here, not a string (at character 7)"),
    ("cast(t as date)", "no cast to date; allowed: string, bigint, double, boolean; times are read"),
    ("cast(t as decimal(10, 2))", "no cast to decimal(10, 2); allowed: string, bigint"),
    ("cast(d as string)", "a double cannot be cast to string"),
    ("cast(i as boolean)", "a bigint cannot be cast to boolean; compare it: … = 1"),
    ('t = "a"', "\"a\": write 'a' for a text, `a` for a field (at character 5)"),
    ("t.name", "no field of a field: 't.name'; use get_json_object(field, '$.name')"),
    ("t rlike '(?i)a'", "pattern: '(?i)a' is not supported"),
    ("t rlike 'a(?=b)'", "pattern: '(?=b)' is not supported"),
    ("t rlike '[[:alpha:]]'", "pattern: ']' is not supported"),
    (r"t rlike '\bx'", r"pattern: '\b' is not supported"),
    (r"t rlike '\p{L}'", r"pattern: '\p' is not supported"),
    ("t rlike '(a'", "pattern: missing )"),
    ("t rlike 'a{2000}'", "a repetition is at most 1000"),
    ("t rlike u", "a constant text belongs here"),
    ("regexp_replace(t, 'x*', 'y')", "the pattern matches the empty text"),
    ("regexp_replace(t, 'x', '$1')", "replacement: '$1' names no group of the pattern; it has 0"),
    ("regexp_extract(t, '(a)', 2)", "the pattern has 1 groups, not 2"),
    (r"t like 'a\b'", "like: a backslash stands before %, _ or a backslash only"),
    ("substr(t, 0, 1)", "from 1 to 10,000; found 0 (at character 11)"),
    ("substr(t, -1, 1)", "from 1 to 10,000; found -1"),
    ("left(t, i)", "a constant number belongs here (at character 9)"),
    ("split_part(t, '', 1)", "a text that is not empty belongs here"),
    ("get_json_object(t, 'a')", "a path such as $.name"),
    ("t in (u)", "a list of constants belongs behind `in`"),
    ("t in (select 1)", "a list of constants belongs behind `in`"),
    ("(select 1)", "Subquery is not part of the language"),
    ("sum(d) over ()", "Window is not part of the language"),
    ("i % 2", "Mod is not part of the language"),
    ("t <=> u", "NullSafeEQ is not part of the language"),
    ("current_date", "no field 'current_date'"),
    ("*", "Star is not part of the language"),
    ("t ilike 'a'", "ILike is not part of the language"),
    ("t like 'a' escape 'x'", "Escape is not part of the language"),
    ("9223372036854775808", "9223372036854775808 is beyond a bigint"),
    ("1e999", "1e999 is beyond a double"),
    ("timestamp 'noon'", "not a time; write timestamp '2026-01-31 23:59:59' (UTC)"),
    ("abs(", "not SQL"),
    ("t +", "not SQL"),
    ("i >>> 1", "not SQL near '> 1' at character 5"),
    ("'a", "a text '…' or a name `…` is not closed"),
    ("", "one expression belongs here"),
    ("i; j", "one expression belongs here"),
    ("i as k", "not part of the language"),
]


@pytest.mark.parametrize(("sql", "said"), WRONG, ids=[sql for sql, _ in WRONG])
def test_what_is_wrong_is_said_with_its_place(sql: str, said: str) -> None:
    with pytest.raises(ExpressionError) as error:
        expression(sql, COLUMNS)
    assert said in str(error.value)


def test_a_condition_is_true_or_false() -> None:
    assert condition("t = 'a'", COLUMNS).type == "boolean"
    with pytest.raises(ExpressionError, match="not a condition: it gives a string"):
        condition("t", COLUMNS)


def test_names_are_those_of_the_row_to_the_letter() -> None:
    both = {"amount": "string", "Amount": "string", "a b": "string", "date": "string", "timestamp": "string"}
    assert expression("Amount", both) == Column("Amount", "string")  # type: ignore[arg-type]
    for name in both:
        assert expression(f"`{name}`", both) == Column(name, "string")  # type: ignore[arg-type]
    for name in ("date", "timestamp"):
        assert expression(f"upper({name})", both).type == "string"  # type: ignore[arg-type]
    with pytest.raises(ExpressionError, match="did you mean 'Amount'"):
        expression("AMOUNT", {"Amount": "string"})


def test_a_tree_tells_its_columns_and_can_be_renamed() -> None:
    tree = expression("if(b, t, coalesce(u, 'x'))", COLUMNS)
    assert columns(tree) == {"b", "t", "u"}
    assert columns(renamed(tree, {"b": "c", "t": "z"})) == {"c", "z", "u"}


def test_every_case_has_the_type_that_it_is_said_to_have() -> None:
    of = {str: "string", int: "bigint", float: "double", bool: "boolean"}
    for sql, _, expected in CASES:
        if expected is not None:
            assert expression(sql, COLUMNS).type == of[type(expected)], sql
