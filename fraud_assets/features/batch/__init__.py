"""Features of many payments: a source's plan, chunks in this process, Spark's workers, the lake's step."""
