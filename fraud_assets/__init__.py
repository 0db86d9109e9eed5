"""A lakehouse that catches payment fraud: Kafka → Delta tables → features → models → decisions."""

import os

# Polars reads this when it is loaded: it keeps freed memory for ten seconds instead of half a one. Features ask for it
# again at once, and take an eighth longer without.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,muzzy_decay_ms:10000")
