"""What the dashboard reads of a table that has to exist."""

from fraud_assets.declarations.tables import Table
from fraud_assets_tests.lakes import SOURCE
from streamlit_app import data


def snapshot(table: Table, source: str = SOURCE, version: int | None = None) -> data.Snapshot:
    """The newest snapshot of a source's rows, or that of the version."""
    found = data.newest(table, source, version)
    assert found is not None
    return found
