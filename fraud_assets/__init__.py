"""A lakehouse that catches payment fraud: Kafka → Delta tables → features → models → decisions."""

import os

os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,muzzy_decay_ms:10000")
"""Polars, before it is loaded: keep freed memory for ten seconds. It gives it back after half a second otherwise, and
features, which ask for it again at once, take an eighth longer."""
