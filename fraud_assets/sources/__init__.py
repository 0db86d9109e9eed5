"""What comes in: the sources' YAML and its loader, simulators, replay, and writing all that to Kafka."""
