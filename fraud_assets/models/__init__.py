"""What scoring and training share: artifacts, algorithms, calibration, the store of registered models."""
