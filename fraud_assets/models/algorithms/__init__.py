"""The algorithms a model may be made with, one a module, behind one small interface: see interface.py.

Each module has ``DEFAULTS`` (its parameters), ``fit(training, parameters)`` and ``load(files)``. What they
share (columns by name, calibration, one file for everything) is in training/model.py, the only caller.
"""
