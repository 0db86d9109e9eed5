"""Lakes for the dashboard's tests, and the settings that point at them."""

from collections.abc import Iterator

import pytest
import streamlit as st

from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings
from fraud_assets_tests.streamlit_app.dashboard_lake import LooksAt, write_lake


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with 20,000 payments; nobody may change it."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    write_lake(lake)
    return lake


@pytest.fixture
def looks_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[LooksAt]:
    """Point this process's settings at a lake, and at a Kafka that is not there."""

    def point(lake: Lake) -> None:
        monkeypatch.setenv("FRAUD_LAKE", lake.root)
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")
        settings.cache_clear()
        st.cache_data.clear()

    yield point
    settings.cache_clear()
    st.cache_data.clear()
