"""Files of payments sent to Kafka as if they happened now."""
