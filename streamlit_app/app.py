"""The dashboard as it is run for each visitor; server.py serves it. Pages, the source they show, and nothing else."""

from pathlib import Path

import streamlit as st

from streamlit_app import data
from streamlit_app.views import alerts, drift, model, overview, pipeline, quarantine

ICON = Path(__file__).with_name("icon.svg")

st.set_page_config(page_title="Fraud lakehouse", page_icon=str(ICON), layout="wide")

page = st.navigation(
    [
        st.Page(overview.draw, title="Overview", icon=":material/monitoring:", default=True),
        st.Page(alerts.draw, title="Alerts", icon=":material/warning:", url_path="alerts"),
        st.Page(drift.draw, title="Drift", icon=":material/difference:", url_path="drift"),
        st.Page(pipeline.draw, title="Pipeline", icon=":material/conversion_path:", url_path="pipeline"),
        st.Page(quarantine.draw, title="Quarantine", icon=":material/rule:", url_path="quarantine"),
        st.Page(model.draw, title="Model", icon=":material/model_training:", url_path="model"),
    ]
)
if declared := data.sources():
    st.sidebar.selectbox("Source", declared, key="source", bind="query-params", help="Every page shows this source.")
st.sidebar.caption("All times are UTC.")
if page.url_path != "alerts":
    alerts.unpin()  # the queue is read anew on the next visit
page.run()
