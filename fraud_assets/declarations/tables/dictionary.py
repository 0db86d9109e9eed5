"""The data dictionary: every declared table, column and feature as Markdown for people.

``python -m fraud_assets.declarations.tables.dictionary`` prints it; it is kept as docs/data-dictionary.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fraud_assets.declarations.features.catalogue import FAMILIES
from fraud_assets.declarations.features.kinds import DAY, HOUR, LAST, Feature, RowFeature, WindowFeature
from fraud_assets.declarations.tables import ALL
from fraud_assets.declarations.tables.schema import Table

HEAD = """\
# Data dictionary

Every table, column and feature as declared in `fraud_assets/declarations/tables/` and
`fraud_assets/declarations/features/families/`. Made by `make docs`; change the declarations, not this page.

Times are UTC. Privacy is what a column may reveal: **open**, nothing about a person; **pseudonym**, a person to
those who know the key; **personal**, a person."""


def render(tables: Iterable[Table] = ALL, families: Mapping[str, Sequence[Feature]] = FAMILIES) -> str:
    """The whole page."""
    tables = tuple(tables)
    contents = [f"- [{table.full_name}](#{table.full_name.replace('.', '')}): {table.description}" for table in tables]
    sections = [HEAD, "\n".join([*contents, "- [Features](#features)"]), *map(_table, tables), _features(families)]
    return "\n\n".join(sections) + "\n"


def _table(table: Table) -> str:
    facts = [
        f"Key: {_codes(table.key)}",
        f"partitioned by {_codes(table.partition_by)}",
        f"files are skipped by `{table.time}`",
        *([f"rows are clustered by {_codes(table.cluster_by)}"] if table.cluster_by else []),
        *(f"always `{condition}`" for _, condition in table.constraints),
    ]
    rows = (
        (f"`{c.name}`", f"`{c.type}`", c.meaning, c.unit, str(c.privacy), "" if c.nullable else "yes")
        for c in table.columns
    )
    columns = _rows(("Column", "Type", "Meaning", "Unit", "Privacy", "Required"), rows)
    return f"## {table.full_name}\n\n{table.description}.\n\n{'; '.join(facts)}.\n\n{columns}"


def _features(families: Mapping[str, Sequence[Feature]]) -> str:
    rows = (
        (f"`{f.name}`", f.meaning, f.unit, family.replace("_", " "), f.known, _computed(f))
        for family, features in families.items()
        for f in features
    )
    return (
        "## Features\n\nColumns of gold.features that models read. A source's YAML chooses families; the other columns "
        "are null in its rows, as is what a payment's own columns cannot give. They are of single precision: to "
        "compare one with a double column, as `amount` is, cast that one to `float`.\n\n"
    ) + _rows(("Feature", "Meaning", "Unit", "Family", "Known when", "Computed as"), rows)


def _computed(feature: Feature) -> str:
    if isinstance(feature, RowFeature):
        return f"`{feature.expression}`"
    span = f"{feature.window / DAY:g} d" if feature.window >= DAY else f"{feature.window / HOUR:g} h"
    if isinstance(feature, WindowFeature):
        current = "" if feature.timeline != "payments" or feature.include_current else " before this one"
        what = f"{feature.aggregate} of `{feature.column}`"
        return f"{what} by `{feature.entity}` over {span}, {feature.timeline}{current}"
    what = f"{feature.statistic.replace('_', ' ')} of the last {LAST} {feature.events}"
    return f"{what} by `{feature.entity}` over {span}"


def _rows(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def lines() -> Iterator[tuple[str, ...]]:
        yield heads
        yield ("---",) * len(heads)
        yield from rows

    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines())


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    print(render(), end="")
