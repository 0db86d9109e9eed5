"""From rows to a fitted model: imbalance, seeds and windows, Spark's workers, the search for parameters."""
