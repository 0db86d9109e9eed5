"""The data dictionary: every declared table, column and feature as Markdown for people.

``python -m fraud_assets.tables.dictionary`` prints it; it is kept as docs/data-dictionary.md.
"""

from collections.abc import Iterable, Iterator

from fraud_assets.features.catalogue import DAY, FEATURES, Feature, WindowFeature
from fraud_assets.tables import ALL
from fraud_assets.tables.schema import Table

HEAD = """\
# Data dictionary

Every table, column and feature as declared in `fraud_assets/tables/` and `fraud_assets/features/catalogue.py`.
Made by `make docs`; change the declarations, not this page.

Times are UTC. Privacy tells what a column may reveal: **open**, nothing about a person; **pseudonym**, a person to
those who know the key; **personal**, a person."""


def render(tables: Iterable[Table] = ALL, features: Iterable[Feature] = FEATURES) -> str:
    """The whole page."""
    tables = tuple(tables)
    contents = [f"- [{table.full_name}](#{table.full_name.replace('.', '')}): {table.description}" for table in tables]
    sections = [HEAD, "\n".join([*contents, "- [Features](#features)"]), *map(_table, tables), _features(features)]
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


def _features(features: Iterable[Feature]) -> str:
    rows = ((f"`{f.name}`", f.meaning, f.unit, _computed(f)) for f in features)
    return "## Features\n\nColumns of gold.features that models read.\n\n" + _rows(
        ("Feature", "Meaning", "Unit", "Computed as"), rows
    )


def _computed(feature: Feature) -> str:
    if isinstance(feature, WindowFeature):
        days = f"{feature.window / DAY:g} d"
        return f"{feature.aggregate} of `{feature.of}` by `{feature.entity}` over {days}"
    return f"`{feature.expression}`"


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
