"""From a fitted model to the champion: the gate, the registry, what MLflow keeps, when to retrain."""
