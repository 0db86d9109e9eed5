"""Dagster around the stages: asset specs, metadata, checks, the Spark resource, jobs, and the client of runs."""
