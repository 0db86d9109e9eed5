"""The dashboard's server: ``streamlit run streamlit_app/server.py`` serves app.py, which it runs once as it starts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from streamlit.runtime import get_instance

from fraud_assets import logs
from fraud_assets.settings import settings


@asynccontextmanager
async def _rehearsed(_: st.App) -> AsyncGenerator[None]:
    """Nobody's visit to the first page while the server starts, so that the first visitor hardly waits for imports."""
    rehearsal = asyncio.create_task(get_instance().does_script_run_without_error())
    yield
    rehearsal.cancel()


logs.configure(settings().log_level)
app = st.App(Path(__file__).with_name("app.py"), lifespan=_rehearsed)
