"""Kafka → raw: where Kafka stands, when to start, and the streaming ingest."""
