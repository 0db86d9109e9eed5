"""What the stages' Dagster wiring shares: specs, metadata, checks, resources, the client of runs."""
