"""Model inputs to models: honest splits in time, metrics, models and their registry."""
