"""The dashboard's server."""

import sys

from fraud_assets.settings import REPOSITORY, Settings
from fraud_assets.stack.part import Part, answers


def part(settings: Settings) -> Part:
    """Streamlit as a supervised process."""
    url = f"http://{settings.reached('streamlit')}:{settings.streamlit_port}"
    options = {
        "server.address": settings.host,
        "server.port": settings.streamlit_port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    return Part(
        name="streamlit",
        command=(
            *(sys.executable, "-m", "streamlit", "run", str(REPOSITORY / "streamlit_app/server.py")),
            *(f"--{name}={value}" for name, value in options.items()),
        ),
        environment={"PYTHONPATH": str(REPOSITORY)},
        ports={"FRAUD_STREAMLIT_PORT": settings.streamlit_port},
        memory_mib=350,
        address=url,
        healthy=lambda: answers(f"{url}/_stcore/health"),
    )
