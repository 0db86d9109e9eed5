"""The demonstration: the whole lakehouse on simulated card payments, from Kafka to the dashboard."""
