"""Drift, quality and delays: how the pipeline and its models are doing."""
