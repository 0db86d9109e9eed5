"""The algorithms that fit a member of a model, one a module, behind one small interface: see interface.py.

Each module has ``DEFAULTS`` (its parameters, ``seed`` among them), ``fit(training, parameters)`` and ``load(files)``.
What they share (columns by name, calibration, one file) is in artifact.py.
"""
