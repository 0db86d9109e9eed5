"""How good a model is: metrics, segments, plots, the model card, the threshold."""
